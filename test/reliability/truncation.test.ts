import { describe, expect, it } from 'vitest';
import { installWords, makeSite, NEW, startReleases } from '../torture/site.ts';
import { traceCommand, whyNoTrace } from '../torture/traced-command.ts';

const noTrace = whyNoTrace();

/**
 * Of a file that was cut to nothing, be it empty before, ext4 writes everything to the disk when it
 * is closed: a download that is about to be removed would be written out in full.
 */
describe.skipIf(noTrace !== null)(`a first installation (${noTrace ?? 'by strace'})`, () => {
  it('cuts no file, so that nothing goes to the disk only to be removed', async () => {
    await using github = await startReleases();
    await using site = await makeSite(github);
    const { status, trace } = await traceCommand(site, installWords(site, NEW), {
      trace: 'openat,ftruncate,truncate',
    });
    expect(status).toBe(0);
    const opened = trace.filter((line) => line.includes('/home/partial/sha256-'));
    expect(opened.length).toBeGreaterThan(0);
    expect(trace.filter((line) => /\bf?truncate\(/.test(line))).toEqual([]);
    // Of a name that has to be new, there was nothing to cut; notes are small.
    const cutting = trace.filter((line) => line.includes('O_TRUNC') && !line.includes('O_EXCL'));
    expect(cutting.filter((line) => !/\.json(\.new)?", /.test(line))).toEqual([]);
  });
});
