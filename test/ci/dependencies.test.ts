import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundledPackages, noticesText } from '../../scripts/bundled-packages.ts';
import { compiledInputs, ROOT } from '../../scripts/compile.ts';

const read = async (file: string) => JSON.parse(await readFile(join(ROOT, file), 'utf8'));

/** Licences that let us publish the code with ours, if their text comes along. */
const FREE = /^(0BSD|Apache-2\.0|BSD-[23]-Clause|BlueOak-1\.0\.0|CC-BY-3\.0|CC0-1\.0|ISC|MIT)$/;

describe('what comes with the package', () => {
  it('is nothing that npm would have to install', async () => {
    const { dependencies, optionalDependencies, peerDependencies } = await read('package.json');
    expect({ dependencies, optionalDependencies, peerDependencies }).toEqual({});
  });

  it('has its licences in THIRD_PARTY_NOTICES (npx tsx scripts/generate-notices.ts)', async () => {
    const packages = await bundledPackages(ROOT, await compiledInputs());
    expect(packages.filter(({ license }) => !FREE.test(license))).toEqual([]);
    const notices = await readFile(join(ROOT, 'THIRD_PARTY_NOTICES'), 'utf8');
    expect(notices).toBe(noticesText(packages));
  });

  it('is listed in its SBOM, with the digests of the lockfile', async () => {
    const { packages } = await read('package-lock.json');
    const { metadata, components, dependencies } = await read('dist/sbom.cdx.json');
    expect(metadata.component.purl).toMatch(/^pkg:npm\/codex-runtime@/);
    const { integrity } = packages['node_modules/commander'];
    const commander = components.find(({ name }: { name: string }) => name === 'commander');
    const sha512 = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex');
    expect(commander.hashes).toEqual([{ alg: 'SHA-512', content: sha512 }]);
    expect(dependencies[0].dependsOn).toHaveLength(components.length);
  });
});

it('every package of the lockfile has an integrity', async () => {
  const { packages } = await read('package-lock.json');
  const without = Object.entries<Record<string, unknown>>(packages).filter(
    ([path, { integrity, link, inBundle }]) => path !== '' && !integrity && !link && !inBundle,
  );
  expect(without.map(([path]) => path)).toEqual([]);
});
