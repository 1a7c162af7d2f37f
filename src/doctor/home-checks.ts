import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { diskError } from '../disk/disk-error.ts';
import { isErrno } from '../disk/errno.ts';
import { existingAncestor, freeBytes } from '../disk/free-space.ts';
import { type Check, type Finding, fail, failFrom, ok, warn } from './finding.ts';
import { inProbe } from './probe.ts';

const GB = 1e9;
/** A runtime with its download takes about 0.6 GB. */
const TIGHT = GB;
const FULL = 0.2 * GB;

/** Whether runtimes can be stored, and run from where they are stored. */
export const checkHome: Check = async ({ settings: { home, host } }) => {
  const dir = await existingAncestor(home);
  try {
    const run = await inProbe(dir, (probe) => runs(home, probe, host.platform));
    return [ok('home', `Runtimes are stored in ${home}.`, { home }), run];
  } catch (error) {
    return [failFrom('home', diskError(error, 'write to the home of runtimes', dir, 'home'))];
  }
};

/** A home on a file system that is mounted `noexec` stores runtimes that then do not start. */
async function runs(home: string, probe: string, platform: string): Promise<Finding> {
  // Windows has no mount without the right to execute.
  if (platform === 'win32') return ok('home.exec', 'Programs may run from the home.');
  const program = join(probe, 'probe');
  await writeFile(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  try {
    await promisify(execFile)(program, { env: {}, timeout: 10_000 });
  } catch (error) {
    if (isErrno(error, 'EACCES')) {
      return fail('home.exec', 'PERMISSION_DENIED', {
        summary: `Programs may not run from ${home}: it is mounted noexec.`,
        advice: 'Set CODEX_RUNTIME_HOME to a directory where programs may run.',
        fields: { home },
      });
    }
    return warn('home.exec', {
      summary: `Whether programs may run from ${home} could not be tried.`,
      advice: 'Run codex-runtime verify after an installation.',
      fields: { home },
    });
  }
  return ok('home.exec', 'Programs may run from there.', { home });
}

/** Whether another runtime fits. */
export const checkDisk: Check = async ({ settings: { home } }) => {
  const free = await freeBytes(await existingAncestor(home));
  if (free === undefined) return [];
  const left = `${(free / GB).toFixed(free < GB ? 3 : 1)} GB are free where runtimes are stored.`;
  const advice = 'Free some space (codex-runtime prune --dry-run says what could go).';
  if (free < FULL) return [fail('disk', 'DISK_FULL', { summary: left, advice, fields: { free } })];
  if (free < TIGHT) return [warn('disk', { summary: left, advice, fields: { free } })];
  return [ok('disk', left, { free })];
};

/** Whether a package can be installed into the prefix. */
export const checkPrefix: Check = async ({ layout }) => {
  const dir = await existingAncestor(layout.modules);
  try {
    await inProbe(dir, async () => undefined);
    return [ok('prefix', `The prefix is ${layout.prefix}.`, { prefix: layout.prefix })];
  } catch (error) {
    return [failFrom('prefix', diskError(error, 'write to the prefix', dir, 'prefix'))];
  }
};
