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
  it.each(['EPERM', 'EXDEV', 'EMLINK', 'EACCES'])('with %s gets copies', async (errno) => {
    await using github = await startReleases();
    const at = (await findPoints(github, null)).find(({ call }) => /^link/.test(call));
    if (at === undefined) throw new Error('nothing was linked');
    await using site = await prepare(github, null);
    const fault = { at, what: `error=${errno}` };
    const run = await traceCommand(site, installWords(site, NEW), { trace: at.call, fault });
    expect(run, run.stdout).toMatchObject({ status: 0 });
    expect(run.trace.join('\n')).toContain('INJECTED');
    expect(await prefixVersion(site.prefix)).toBe(NEW);
    const executable = join(site.prefix, 'node_modules/codex-cli-bin/bin/codex');
    expect((await stat(executable)).nlink).toBe(1);
  });
});
