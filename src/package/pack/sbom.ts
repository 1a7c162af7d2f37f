import { createHash } from 'node:crypto';
import { fromIntegrity } from '../../lockfile/index.ts';
import { DEFAULT_REPO, parseVersion } from '../../pin/index.ts';
import type { RuntimeDescription } from '../../store/index.ts';
import { type BundledComponent, CODEX_LICENSE, licenseExpression } from '../stage/index.ts';
import type { PackedFile } from './pack-target.ts';

/** A runtime, and what it carries of others. */
export interface DescribedRuntime {
  readonly runtime: RuntimeDescription;
  readonly components: readonly BundledComponent[];
}

/**
 * A CycloneDX 1.6 document: the packages of a release, the runtimes inside, and every file of those.
 * It has no timestamp, and its serial number follows from its content, so that it is the same
 * wherever it is made. Schema: https://cyclonedx.org/docs/1.6/json/
 */
export function sbomFile(
  release: { readonly name: string; readonly version: string },
  runtimes: readonly DescribedRuntime[],
  files: readonly PackedFile[],
): string {
  const everything = runtimes.flatMap(({ components }) => components);
  const root = {
    type: 'application',
    'bom-ref': `release:${release.name}@${release.version}`,
    name: release.name,
    version: release.version,
    licenses: licenses(licenseExpression(everything)),
  };
  const components = [
    ...files.map((file) => packageComponent(file, runtimes)),
    ...runtimes.map(runtimeComponent),
  ];
  const content = {
    version: 1,
    metadata: {
      tools: { components: [{ type: 'application', name: 'codex-runtime' }] },
      component: root,
    },
    components,
    dependencies: dependencies(root['bom-ref'], runtimes, files),
  };
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    ...content,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function packageComponent(file: PackedFile, runtimes: readonly DescribedRuntime[]) {
  const inside = runtimes
    .filter(({ runtime }) => runtime.target === file.target || file.ecosystem === 'oci')
    .flatMap(({ components }) => components);
  return {
    type: 'library',
    'bom-ref': `file:${file.path}`,
    name: file.package.name,
    version: file.package.version,
    purl: packageUrl(file),
    hashes: [
      { alg: 'SHA-256', content: file.sha256 },
      { alg: 'SHA-512', content: fromIntegrity(file.integrity) },
    ],
    licenses: licenses(licenseExpression(inside)),
    properties: [
      { name: 'codex-runtime:file', value: file.path },
      { name: 'codex-runtime:target', value: file.target ?? 'any' },
    ],
  };
}

function runtimeComponent({ runtime, components }: DescribedRuntime) {
  const { tag } = parseVersion(runtime.version);
  // purl has GitHub's names in lower case.
  const repo = (runtime.repo ?? DEFAULT_REPO).toLowerCase();
  return {
    type: 'application',
    'bom-ref': runtimeRef(runtime.target),
    name: 'codex',
    version: runtime.version,
    purl: `pkg:github/${repo}@${encodeURIComponent(tag)}`,
    licenses: licenses(CODEX_LICENSE),
    properties: [
      { name: 'codex-runtime:target', value: runtime.target },
      { name: 'codex-runtime:variant', value: runtime.variant },
    ],
    components: [
      ...components.map((component) => bundledComponent(runtime.target, component)),
      ...runtime.files.map(({ path, sha256 }) => ({
        type: 'file',
        'bom-ref': `${runtimeRef(runtime.target)}#${path}`,
        name: path,
        hashes: [{ alg: 'SHA-256', content: sha256 }],
      })),
    ],
  };
}

function bundledComponent(target: string, { name, version, license, source }: BundledComponent) {
  return {
    type: 'library',
    'bom-ref': bundledRef(target, name),
    name,
    ...(version === null ? {} : { version }),
    licenses: licenses(license),
    ...(version === null ? {} : { purl: `pkg:generic/${name}@${encodeURIComponent(version)}` }),
    ...(source === null
      ? {}
      : {
          externalReferences: [
            {
              type: 'source-distribution',
              url: source.url,
              hashes: [{ alg: 'SHA-256', content: source.sha256 }],
            },
          ],
        }),
  };
}

/** One SPDX id, or an expression, or the name of what SPDX does not know. */
function licenses(expression: string) {
  if (expression.includes(' ')) return [{ expression }];
  return [{ license: /^LicenseRef-/.test(expression) ? { name: expression } : { id: expression } }];
}

function dependencies(
  root: string,
  runtimes: readonly DescribedRuntime[],
  files: readonly PackedFile[],
) {
  const platformPackages = files.filter((file) => file.target !== null);
  const all = runtimes.map(({ runtime }) => runtimeRef(runtime.target));
  const dependsOn = (file: PackedFile) =>
    file.ecosystem === 'oci'
      ? all
      : file.target === null
        ? platformPackages.filter(({ ecosystem }) => ecosystem === file.ecosystem).map(fileRef)
        : [runtimeRef(file.target)];
  return [
    { ref: root, dependsOn: files.length === 0 ? all : files.map(fileRef) },
    ...files.map((file) => ({ ref: fileRef(file), dependsOn: dependsOn(file) })),
    ...runtimes.flatMap(({ runtime: { target }, components }) => {
      const refs = components.map(({ name }) => bundledRef(target, name));
      return [
        { ref: runtimeRef(target), dependsOn: refs },
        ...refs.map((ref) => ({ ref, dependsOn: [] })),
      ];
    }),
  ];
}

const runtimeRef = (target: string) => `runtime:${target}`;

const bundledRef = (target: string, name: string) => `${runtimeRef(target)}/${name}`;

const fileRef = ({ path }: PackedFile) => `file:${path}`;

function packageUrl({ ecosystem, package: { name, version }, path }: PackedFile): string {
  const escaped = encodeURIComponent(version);
  if (ecosystem === 'node') return `pkg:npm/${name.replace('@', '%40')}@${escaped}`;
  if (ecosystem === 'oci') return `pkg:generic/${encodeURIComponent(path)}@${escaped}`;
  return `pkg:pypi/${name.replaceAll('_', '-')}@${escaped}?file_name=${encodeURIComponent(path)}`;
}

/** A UUID of version 8 (RFC 9562): ours to fill, here from a digest. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
