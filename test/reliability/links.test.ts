import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPoints, prepare } from '../torture/crash.ts';
import { installWords, NEW, startReleases } from '../torture/site.ts';
import { prefixVersion } from '../torture/site-state.ts';
import { traceCommand, whyNoTrace } from '../torture/traced-command.ts';

const skipped = whyNoTrace();
const note = skipped === null ? '' : ` (skipped: ${skipped})`;

describe.skipIf(skipped !== null)(`a file system that cannot link${note}`, () => {
  it.each(['EPERM', 'EXDEV', 'EMLINK', 'EACCES', 'EAGAIN'])(
    'with %s gets copies',
    async (errno) => {
      expect(await linksAfter(/^link/, errno)).toBe(1);
    },
  );

  // ZFS answers EAGAIN to the call that shares blocks while they are not on the disk yet.
  it.each(['EAGAIN', 'EIO'])('with %s for a reflink gets links', async (errno) => {
    expect(await linksAfter(/^ioctl/, errno)).toBe(2);
  });
});

/** The links of the installed executable, after the first call of this kind failed with `errno`. */
async function linksAfter(kind: RegExp, errno: string): Promise<number> {
  await using github = await startReleases();
  const at = (await findPoints(github, null)).find(({ call }) => kind.test(call));
  if (at === undefined) throw new Error(`no call matches ${kind}`);
  await using site = await prepare(github, null);
  const fault = { at, what: `error=${errno}` };
  const run = await traceCommand(site, installWords(site, NEW), { trace: at.call, fault });
  expect(run, run.stdout).toMatchObject({ status: 0 });
  expect(run.trace.join('\n')).toContain('INJECTED');
  expect(await prefixVersion(site.prefix)).toBe(NEW);
  return (await stat(join(site.prefix, 'node_modules/codex-cli-bin/bin/codex'))).nlink;
}
