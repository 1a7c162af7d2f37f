import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CodexRuntimeError } from '../../errors.ts';
import type { RuntimeFile } from '../../extract/index.ts';
import { parseVersion } from '../../pin/index.ts';
import type { Ecosystem } from '../../request/index.ts';
import {
  formatManifest,
  type Runtime,
  type RuntimeDescription,
  type RuntimeManifest,
} from '../../store/index.ts';
import { parseTarget, type Target } from '../../target/index.ts';
import { BUNDLED_TEMPLATES } from '../bundled-templates.ts';
import { bundledComponents, licenseExpression } from './bundled-components.ts';
import { combine } from './combine.ts';
import { DEFAULT_PACKAGE_NAME, parsePackageName, pythonNames } from './package-names.ts';
import type { PackagePlan, PlannedFile } from './package-plan.ts';
import { repositoryUrl } from './repository-url.ts';
import { loadTemplate, type TemplateFile } from './template.ts';
import { verifyPackageJson } from './verify-package-json.ts';

export interface PackageRequest {
  readonly runtime: Runtime;
  readonly ecosystem: Ecosystem;
  /** npm name, from which Python's names follow. Default `codex-cli-bin`. */
  readonly name?: string | undefined;
  /** What npm links to the executable. Default `codex`. */
  readonly command?: string;
  /** Directory with `node-platform/`, `node-root/` and `python/`. Default: the bundled ones. */
  readonly templatesDir?: string | undefined;
  /** URL for the package's metadata; npm's provenance needs the publishing repository here. */
  readonly repository?: string | undefined;
}

/**
 * Decides what the package of one runtime holds: the runtime tree, `runtime.json` and the filled
 * template, and nothing else. The same runtime gives the same plan everywhere.
 * @throws CodexRuntimeError `TEMPLATE_INVALID`; `PIN_INVALID` for Python when the version has no
 * PEP 440 form; `USAGE` for a name or a repository that npm refuses
 */
export async function planPackage(request: PackageRequest): Promise<PackagePlan> {
  return request.ecosystem === 'node' ? planNodePackage(request) : planPythonPackage(request);
}

/** The part of a manifest that every package of this runtime carries, as its `runtime.json`. */
export function describeRuntime(manifest: RuntimeManifest): RuntimeDescription {
  const { schemaVersion, version, repo, target, variant, entrypoint, files } = manifest;
  return {
    schemaVersion,
    version,
    repo,
    target,
    variant,
    entrypoint,
    files: files.map(({ path, size, mode, sha256 }) => ({ path, size, mode, sha256 })),
  };
}

async function planNodePackage(request: PackageRequest): Promise<PackagePlan> {
  const { manifest } = request.runtime;
  const target = parseTarget(manifest.target);
  const name = parsePackageName(request.name ?? DEFAULT_PACKAGE_NAME);
  const template = await loadTemplate({
    templatesDir: request.templatesDir ?? BUNDLED_TEMPLATES,
    name: 'node-platform',
    required: ['package.json', 'index.js', 'index.d.ts'],
    values: {
      ...(await commonValues(request, target)),
      name,
      version: manifest.version,
      command: request.command ?? 'codex',
    },
  });
  const files = combine(template, runtimeFiles(request.runtime, '', template));
  verifyPackageJson(files, { name, version: manifest.version });
  return {
    ecosystem: 'node',
    name,
    version: manifest.version,
    target: target.triple,
    files,
    executable: manifest.entrypoint,
  };
}

async function planPythonPackage(request: PackageRequest): Promise<PackagePlan> {
  const { manifest } = request.runtime;
  const target = parseTarget(manifest.target);
  const names = pythonNames(parsePackageName(request.name ?? DEFAULT_PACKAGE_NAME));
  const version = pythonVersion(manifest.version);
  const template = await loadTemplate({
    templatesDir: request.templatesDir ?? BUNDLED_TEMPLATES,
    name: 'python',
    required: ['dist-info/METADATA', 'dist-info/entry_points.txt', 'package/__init__.py'],
    values: {
      ...(await commonValues(request, target)),
      ...names,
      name: names.distribution,
      version,
    },
  });
  const wheelName = `${names.importName}-${version}`;
  const moved = commandOf(template, target).map(({ path, ...file }) => ({
    ...file,
    path: path
      .replace(/^package\//, `${names.importName}/`)
      .replace(/^dist-info\//, `${wheelName}.dist-info/`)
      .replace(/^scripts\//, `${wheelName}.data/scripts/`),
  }));
  return {
    ecosystem: 'python',
    name: names.importName,
    version,
    target: target.triple,
    files: combine(moved, runtimeFiles(request.runtime, `${names.importName}/`, moved)),
    executable: `${names.importName}/${manifest.entrypoint}`,
  };
}

/**
 * Installers put `scripts/` on PATH as it is, so that the command starts without Python. Windows runs
 * no shell scripts: there they make a launcher from the entry point.
 */
function commandOf(template: readonly TemplateFile[], { os }: Target): readonly TemplateFile[] {
  const isScript = ({ path }: TemplateFile) => path.startsWith('scripts/');
  if (os === 'win32') return template.filter((file) => !isScript(file));
  return template.some(isScript)
    ? template.filter(({ path }) => path !== 'dist-info/entry_points.txt')
    : template;
}

function pythonVersion(semver: string): string {
  const { pep440 } = parseVersion(semver);
  if (pep440 !== null) return pep440;
  throw new CodexRuntimeError('PIN_INVALID', `Version ${semver} has no form in Python (PEP 440).`, {
    hint: 'Choose a version like 0.116.0 or 0.116.0-alpha.11, or pack for node only.',
    fields: { version: semver },
  });
}

async function commonValues(
  request: PackageRequest,
  target: Target,
): Promise<Record<string, string>> {
  return {
    license: licenseExpression(await bundledComponents(request.runtime)),
    target: target.triple,
    npmTag: target.npmTag,
    os: target.os,
    cpu: target.cpu,
    entrypoint: request.runtime.manifest.entrypoint,
    repository: repositoryUrl(request.repository),
  };
}

/** @param template what of it lies below `prefix` gets its digests into `runtime.json`, for `verify` */
function runtimeFiles(
  { dir, manifest }: Runtime,
  prefix: string,
  template: readonly TemplateFile[],
): readonly PlannedFile[] {
  const packageFiles = template
    .filter(({ path }) => path.startsWith(prefix))
    .map((file) => describeContent(file, prefix));
  const description = formatManifest({ ...describeRuntime(manifest), packageFiles });
  return [
    { path: `${prefix}runtime.json`, mode: 0o644, content: Buffer.from(description, 'utf8') },
    ...manifest.files.map(({ path, mode, size, sha256 }) => ({
      path: `${prefix}${path}`,
      mode,
      from: join(dir, path),
      size,
      sha256,
    })),
  ];
}

function describeContent({ path, content }: TemplateFile, prefix: string): RuntimeFile {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { path: path.slice(prefix.length), size: content.length, mode: 0o644, sha256 };
}
