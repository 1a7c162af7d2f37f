import { describe, expect, it } from 'vitest';
import { listRemote } from '../../src/operations/list-remote.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('listRemote', () => {
  it('says for every channel which versions it has, or why it cannot tell', async () => {
    const releases = [await miniatureRelease('1.2.3'), await miniatureRelease('1.10.0-alpha.2')];
    await using github = await startLoopbackGitHub({ releases });
    const cwd = await tempDir();
    const options = { cwd, env: { HOME: cwd, PATH: '', ...github.env } };
    const versions = ['1.10.0-alpha.2', '1.2.3'];
    expect(await listRemote(options)).toEqual([
      { channel: 'github', versions, passedOver: [], reason: null },
      {
        ...{ channel: 'mirror', versions: null, passedOver: [] },
        reason: 'Channel mirror does not list its versions.',
      },
      { channel: 'npm', versions, passedOver: [], reason: null },
    ]);
    github.fail({ route: 'list', status: 403 });
    const [first] = await listRemote({ ...options, source: 'github,npm' });
    expect(first).toMatchObject({ channel: 'github', versions: null });
  });

  it('says of every channel why it cannot tell where none can', async () => {
    await using github = await startLoopbackGitHub({ releases: [] });
    github.fail({ route: 'list', status: 403 });
    const cwd = await tempDir();
    const options = { cwd, env: { HOME: cwd, PATH: '', ...github.env } };
    const error = await failure(listRemote({ ...options, source: 'github,mirror' }));
    expect(error.code).toBe('SOURCES_EXHAUSTED');
    expect(error.fields['reasons']).toMatchObject([
      { channel: 'github', message: expect.stringContaining('403') },
      { channel: 'mirror', message: 'Channel mirror does not list its versions.' },
    ]);
    expect(error.hint).toContain('--source');
    expect(error.hint).not.toContain('network');
  });
});
