import { describe, expect, it } from 'vitest';
import { tryCandidates } from '../../src/channels/index.ts';
import { CodexRuntimeError } from '../../src/errors.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { candidateRequest, LINUX, loopbackSettings } from '../support/resolve-request.ts';
import { tempDir } from '../support/temp-dir.ts';

async function loopback() {
  const release = await miniatureRelease('0.115.0', { targets: [LINUX] });
  const github = await startLoopbackGitHub({ releases: [release] });
  return { github, settings: loopbackSettings(github, await tempDir()) };
}

const unavailable = (message: string) =>
  new CodexRuntimeError('SOURCE_UNAVAILABLE', message, { hint: 'Open it.' });

describe('tryCandidates', () => {
  it('returns what comes of the first that can be had, and tells of those passed over', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    const request = candidateRequest(settings);
    const brought = await tryCandidates(request, async ({ channel }) => {
      if (channel === 'github') throw unavailable('Closed.');
      return channel;
    });
    expect(brought).toBe('mirror');
    expect(request.events).toMatchObject([
      { type: 'unavailable', channel: 'github', source: null, reason: 'Closed.' },
    ]);
  });

  it('ends with any other failure, and asks no further', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    const asked: string[] = [];
    const trying = tryCandidates(candidateRequest(settings), async ({ channel }) => {
      asked.push(channel);
      throw new CodexRuntimeError('DIGEST_MISMATCH', 'Other bytes.');
    });
    await expect(trying).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(asked).toEqual(['github']);
  });

  it.each(['ARCHIVE_REFUSED', 'DIGEST_MISMATCH', 'DIGEST_MISSING', 'SIZE_MISMATCH'] as const)(
    'says which version and channel a %s is about, once',
    async (code) => {
      const { github, settings } = await loopback();
      await using _ = github;
      const cause = new CodexRuntimeError(code, 'No.', { hint: 'Go.', fields: { asset: 'a' } });
      const trying = tryCandidates(candidateRequest(settings), () => Promise.reject(cause));
      await expect(trying).rejects.toMatchObject({
        code,
        cause,
        hint: 'Go.',
        message: expect.stringMatching(/0\.115\.0.*github.*No\./),
        fields: { asset: 'a', version: '0.115.0', channel: 'github' },
      });
      const known = new CodexRuntimeError(code, 'Mine.', { fields: { version: '0.115.0' } });
      const again = tryCandidates(candidateRequest(settings), () => Promise.reject(known));
      await expect(again).rejects.toBe(known);
    },
  );

  it('names the reason of every channel when none can', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    const request = candidateRequest(settings, { sources: 'github,npm' });
    const trying = tryCandidates(request, async ({ channel }) => {
      throw unavailable(`${channel} is closed.`);
    });
    await expect(trying).rejects.toMatchObject({
      code: 'SOURCES_EXHAUSTED',
      hint: expect.stringMatching(/^Open it\. Choose another --source\b/),
      fields: {
        reasons: [
          { channel: 'github', code: 'SOURCE_UNAVAILABLE', message: 'github is closed.' },
          { channel: 'npm', code: 'SOURCE_UNAVAILABLE', message: 'npm is closed.' },
        ],
      },
    });
  });

  it('names the reason of a channel that had nothing to offer, in the order of the sources', async () => {
    const { github, settings } = await loopback();
    await using _ = github;
    github.fail({ route: 'mirror-release', status: 401 });
    const request = candidateRequest(settings, { sources: 'mirror,npm' });
    const trying = tryCandidates(request, () => Promise.reject(unavailable('Closed.')));
    await expect(trying).rejects.toMatchObject({
      code: 'SOURCES_EXHAUSTED',
      fields: {
        reasons: [
          { channel: 'mirror', message: expect.stringContaining('401') },
          { channel: 'npm', code: 'SOURCE_UNAVAILABLE', message: 'Closed.' },
        ],
      },
    });
    expect(request.events).toMatchObject([
      { type: 'unavailable', channel: 'mirror' },
      { type: 'unavailable', channel: 'npm' },
    ]);
  });
});
