import { lstat, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isCodexRuntimeError } from '../../../src/errors.ts';
import { planPackage, writePackage } from '../../../src/package/stage/index.ts';
import { PATIENT } from '../../support/held.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

async function planOf(version: string) {
  const runtime = await miniatureRuntime(join(await tempDir(), version), { version });
  return await planPackage({ runtime, ecosystem: 'node' });
}

it('of many into one directory at once one is there, whole, and the others are refused', async () => {
  const dir = await tempDir();
  const out = join(dir, 'package');
  const plans = await Promise.all(['0.115.0', '0.116.0', '0.117.0', '0.118.0'].map(planOf));
  const outcomes = await Promise.allSettled(plans.map((plan) => writePackage(plan, out, PATIENT)));
  const staged = plans.filter((_, index) => outcomes[index]?.status === 'fulfilled');
  expect(staged).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    expect(isCodexRuntimeError(outcome.reason, 'PREFIX_INVALID'), outcome.reason).toBe(true);
  }
  const { version } = JSON.parse(await readFile(join(out, 'package.json'), 'utf8'));
  expect(version).toBe(staged[0]?.version);
  expect(await readdir(dir)).toEqual(['package']);
});

it('goes where a link to an empty directory leads, and leaves the link', async () => {
  const dir = await tempDir();
  await mkdir(join(dir, 'elsewhere'));
  await symlink('elsewhere', join(dir, 'package'), 'junction');
  await writePackage(await planOf('0.115.0'), join(dir, 'package'), PATIENT);
  expect((await lstat(join(dir, 'package'))).isSymbolicLink()).toBe(true);
  expect(await readdir(join(dir, 'elsewhere'))).toContain('package.json');
});
