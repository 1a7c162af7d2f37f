import type { Target } from '../../target/index.ts';
import { BUNDLED_TEMPLATES } from '../bundled-templates.ts';
import { combine } from './combine.ts';
import { DEFAULT_PACKAGE_NAME, parsePackageName, platformPackageName } from './package-names.ts';
import type { PackagePlan } from './package-plan.ts';
import { repositoryUrl } from './repository-url.ts';
import { loadTemplate } from './template.ts';
import { verifyPackageJson } from './verify-package-json.ts';

export interface RootPackageRequest {
  /** Semver. */
  readonly version: string;
  /** The targets that are published with it; each becomes an optional dependency. */
  readonly targets: readonly Target[];
  /** Default `codex-cli-bin`. */
  readonly name?: string | undefined;
  /** Directory with `node-root/`. Default: the bundled one. */
  readonly templatesDir?: string | undefined;
  readonly repository?: string | undefined;
}

/**
 * Decides what npm's root package holds: the API, and one optional dependency per target from
 * which npm takes the one that fits the machine.
 * @throws CodexRuntimeError `TEMPLATE_INVALID`, `USAGE`
 */
export async function planRootPackage(request: RootPackageRequest): Promise<PackagePlan> {
  const { version, targets } = request;
  const name = parsePackageName(request.name ?? DEFAULT_PACKAGE_NAME);
  const packages = targets.map((target) => platformPackageName(name, target)).sort();
  const template = await loadTemplate({
    templatesDir: request.templatesDir ?? BUNDLED_TEMPLATES,
    name: 'node-root',
    required: ['package.json', 'index.js', 'index.d.ts'],
    values: {
      name,
      version,
      repository: repositoryUrl(request.repository),
      targets: Object.fromEntries(targets.map(({ npmTag, triple }) => [npmTag, triple])),
      platformPackages: Object.fromEntries(packages.map((each) => [each, version])),
      platformList: packages.map((each) => `- \`${each}\``).join('\n'),
    },
  });
  const files = combine(template);
  verifyPackageJson(files, { name, version });
  return { ecosystem: 'node', name, version, target: null, files, executable: null };
}
