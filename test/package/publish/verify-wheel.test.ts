import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addContent } from '../../../src/package/pack/archive-writer.ts';
import { DeflatePool } from '../../../src/package/pack/deflate-pool.ts';
import { wheelMetadata } from '../../../src/package/pack/wheel-metadata.ts';
import { ZipWriter } from '../../../src/package/pack/zip-writer.ts';
import { verifyWheel } from '../../../src/package/publish/verify-wheel.ts';
import { type PackagePlan, planPackage } from '../../../src/package/stage/index.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { packMiniatures } from '../../support/packed-release.ts';
import { tempDir } from '../../support/temp-dir.ts';

const TAGS = 'manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64';
const GOOD = `codex_cli_bin-0.115.0-py3-none-${TAGS}.whl`;

async function packedWheel(): Promise<string> {
  const { out } = await packMiniatures({ ecosystems: ['python'] });
  return join(out, GOOD);
}

/** A wheel with chosen members, whatever its RECORD says. */
async function wheelOf(members: Readonly<Record<string, Buffer>>): Promise<string> {
  const path = join(await tempDir(), GOOD);
  const writer = await ZipWriter.create(path);
  for (const [member, content] of Object.entries(members)) {
    await addContent(writer, new DeflatePool(1), { path: member, mode: 0o644, content });
  }
  await writer.finish();
  return path;
}

async function planned(): Promise<{ plan: PackagePlan; members: Record<string, Buffer> }> {
  const runtime = await miniatureRuntime(await tempDir());
  const plan = await planPackage({ runtime, ecosystem: 'python' });
  const metadata = wheelMetadata(plan);
  const all = await Promise.all(
    [...plan.files, ...metadata].map(async (file) => {
      const content = 'content' in file ? file.content : await readFile(file.from);
      return [file.path, content] as const;
    }),
  );
  return { plan, members: Object.fromEntries(all) };
}

describe('verifyWheel', () => {
  it('accepts what pack makes', async () => {
    await expect(verifyWheel(await packedWheel())).resolves.toBeUndefined();
    const { members } = await planned();
    await expect(verifyWheel(await wheelOf(members))).resolves.toBeUndefined();
  });

  it.each([
    ['another version', `codex_cli_bin-0.116.0-py3-none-${TAGS}.whl`],
    ['another package', `codex_other-0.115.0-py3-none-${TAGS}.whl`],
    ['another tag', 'codex_cli_bin-0.115.0-py3-none-win_amd64.whl'],
    ['the tag of no target', 'codex_cli_bin-0.115.0-py3-none-linux_riscv64.whl'],
    ['no wheel', 'codex.whl'],
  ])('refuses a name that claims %s', async (_, name) => {
    const path = join(await tempDir(), name);
    await copyFile(await packedWheel(), path);
    await expect(verifyWheel(path)).rejects.toMatchObject({ code: 'DAMAGED', fields: { path } });
  });

  it('refuses a wheel that is cut short, and one that is none', async () => {
    const path = await packedWheel();
    const bytes = await readFile(path);
    for (const content of [bytes.subarray(0, bytes.length - 40), Buffer.from('<html>')]) {
      await writeFile(path, content);
      await expect(verifyWheel(path)).rejects.toMatchObject({ code: 'DAMAGED' });
    }
  });

  it.each([
    ['changed', (name: string) => ({ [name]: Buffer.from('other') })],
    ['added', () => ({ 'codex_cli_bin/extra.py': Buffer.from('') })],
  ])('refuses a member that was %s after RECORD', async (_, change) => {
    const { members } = await planned();
    const path = await wheelOf({ ...members, ...change('codex_cli_bin/bin/codex') });
    await expect(verifyWheel(path)).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  it.each(['codex_cli_bin/py.typed', 'codex_cli_bin-0.115.0.dist-info/RECORD'])(
    'refuses a wheel without %s',
    async (missing) => {
      const { [missing]: _, ...members } = (await planned()).members;
      await expect(verifyWheel(await wheelOf(members))).rejects.toMatchObject({ code: 'DAMAGED' });
    },
  );
});
