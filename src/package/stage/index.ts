export { BUNDLED_TEMPLATES } from '../bundled-templates.ts';
export {
  type BundledComponent,
  bundledComponents,
  CODEX_LICENSE,
  licenseExpression,
} from './bundled-components.ts';
export {
  DEFAULT_PACKAGE_NAME,
  type PythonNames,
  parsePackageName,
  platformPackageName,
  pythonNames,
} from './package-names.ts';
export type { PackagePlan, PlannedFile } from './package-plan.ts';
export { describeRuntime, planPackage } from './plan-package.ts';
export { planRootPackage } from './plan-root-package.ts';
export { repositoryUrl } from './repository-url.ts';
export { verifyMetadata } from './verify-metadata.ts';
export { verifyPackageDirectory, writePackage } from './write-package.ts';
