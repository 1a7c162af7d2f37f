import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundledPackage } from './bundled-packages.ts';

/**
 * A CycloneDX 1.6 document of this package: what is bundled in it. The same bundle makes the same
 * document. Schema: https://cyclonedx.org/docs/1.6/json/
 */
export async function packageSbom(
  root: string,
  packages: readonly BundledPackage[],
): Promise<string> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const own = component(manifest);
  const content = {
    version: 1,
    metadata: { component: { ...own, type: 'application' } },
    components: packages.map((bundled) => ({
      ...component(bundled),
      hashes: [{ alg: 'SHA-512', content: hexDigest(bundled.integrity) }],
    })),
    dependencies: [{ ref: own['bom-ref'], dependsOn: packages.map(packageUrl) }],
  };
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    ...content,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

type Described = Pick<BundledPackage, 'name' | 'version' | 'license'>;

function component(described: Described) {
  const { name, version, license } = described;
  const purl = packageUrl(described);
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    licenses: [{ license: { id: license } }],
  };
}

function packageUrl({ name, version }: Described): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function hexDigest(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
}

/** Of version 8: made from content. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
