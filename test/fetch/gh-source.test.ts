import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGhSource, ghArguments } from '../../src/fetch/gh-source.ts';
import { openDownload } from '../../src/fetch/index.ts';
import { collect, type DownloadFixture, downloadFixture } from '../support/download-fixture.ts';
import { failure } from '../support/failure.ts';

const SOURCE = {
  kind: 'gh',
  host: 'localhost:1',
  repo: 'openai/codex',
  tag: 'rust-v0.115.0',
} as const;
let fixture: DownloadFixture;
let bin: string;

beforeEach(async () => {
  fixture = await downloadFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** A stand-in for gh, for what the real one does not do on command. */
async function standIn(script: string): Promise<void> {
  bin = join(fixture.home, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'gh'), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, 'gh'), 0o755);
}

function request(changes: Parameters<DownloadFixture['request']>[1] = {}) {
  const asset = fixture.asset([SOURCE]);
  const base = fixture.request(asset, changes);
  const env = { ...base.settings.env, PATH: `${bin}:${process.env['PATH']}`, GH_TOKEN: 'canary' };
  return { ...base, settings: { ...base.settings, env: { ...env, AWS_SECRET: 'canary2' } } };
}

/** Finds the directory among the arguments. */
const DOWNLOADED =
  'for a in "$@"; do case "$a" in --dir=*) dir=$(echo "$a" | cut -c7-);; esac; done';

describe('gh', () => {
  test('brings the asset into a directory that is gone afterwards', async () => {
    await writeFile(join(fixture.home, 'content'), fixture.content);
    const target = '"$dir/codex-x86_64-unknown-linux-musl.tar.gz"';
    await standIn(`${DOWNLOADED}\ncp ${join(fixture.home, 'content')} ${target}`);
    const download = openDownload(request());
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
    expect(download.outcome).toMatchObject({ source: 'gh', fetched: 300_000, resumed: 0 });
    await download.discard();
    expect(await readdir(join(fixture.home, 'partial'))).toEqual([]);
  });

  test('sees its own credentials, but not in its arguments, and nothing else', async () => {
    const seen = join(fixture.home, 'seen');
    await standIn(`{ env; echo "argv: $*"; } > ${seen}; exit 1`);
    await failure(collect(openDownload(request(), { retry: { attempts: 1 } }).bytes));
    const text = await readFile(seen, 'utf8');
    expect(text).toContain('GH_TOKEN=canary\n');
    expect(text).not.toContain('canary2');
    expect(text.slice(text.indexOf('argv:'))).not.toContain('canary');
  });

  test('that prints its token is quoted without it', async () => {
    await standIn('echo "bad token $GH_TOKEN" >&2; exit 1');
    const error = await failure(collect(openDownload(request(), { retry: { attempts: 1 } }).bytes));
    expect(error.fields['reasons']).toMatchObject([
      { message: expect.stringContaining('bad token ***') },
    ]);
    expect(JSON.stringify(error) + JSON.stringify(fixture.events)).not.toContain('canary');
  });

  test('that is not installed is unavailable, with a hint', async () => {
    bin = join(fixture.home, 'empty');
    const base = request();
    const env = { ...base.settings.env, PATH: bin };
    const bare = { ...base, settings: { ...base.settings, env } };
    const error = await failure(collect(openDownload(bare).bytes));
    expect(error.code).toBe('SOURCES_EXHAUSTED');
    expect(error.fields['reasons']).toMatchObject([{ source: 'gh', code: 'SOURCE_UNAVAILABLE' }]);
  });

  test('is asked once more with its own account where the token is refused', async () => {
    await writeFile(join(fixture.home, 'content'), fixture.content);
    const target = '"$dir/codex-x86_64-unknown-linux-musl.tar.gz"';
    await standIn(`${DOWNLOADED}
[ -n "$GH_TOKEN" ] && { echo 'HTTP 401: Bad credentials' >&2; exit 1; }
cp ${join(fixture.home, 'content')} ${target}`);
    const download = openDownload(request(), { retry: { attempts: 1 } });
    expect((await collect(download.bytes)).equals(fixture.content)).toBe(true);
  });

  test('that brings nothing any more is ended', async () => {
    await standIn(`${DOWNLOADED}\necho some > "$dir/codex"; exec sleep 60`);
    const { settings } = request();
    const source = createGhSource(SOURCE, 'codex', {
      workDir: fixture.home,
      env: settings.env,
      silence: 500,
    });
    const started = performance.now();
    const error = await failure(source.open(null, new AbortController().signal));
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', fields: { reason: 'unreachable' } });
    expect(performance.now() - started).toBeLessThan(4_000);
    await source.close();
  });

  test('is ended by an abort, however it resists', async () => {
    const started = join(fixture.home, 'started');
    await standIn(`trap '' TERM\necho $$ > ${started}\nsleep 9 & sleep 9`);
    const controller = new AbortController();
    const reading = failure(collect(openDownload(request({ signal: controller.signal })).bytes));
    let pid = '';
    while (pid === '') {
      await sleep(20);
      pid = (await readFile(started, 'utf8').catch(() => '')).trim();
    }
    const before = performance.now();
    controller.abort();
    expect((await reading).code).toBe('ABORTED');
    expect(performance.now() - before).toBeLessThan(4_000);
    expect(() => process.kill(Number(pid), 0)).toThrow(/ESRCH/);
  });
});

describe('the arguments of gh', () => {
  test.each(['--clobber', '-R evil/repo', '--', '-D/tmp', '$(touch x)', '`id`'])(
    'keep the tag %s a value',
    (tag) => {
      const args = ghArguments({ ...SOURCE, tag }, 'codex.tar.gz', '/d');
      expect(args.slice(args.indexOf('--'))).toEqual(['--', tag]);
    },
  );

  test.each([
    ['*', '--pattern=\\*'],
    ['a?[b]{c}\\d', '--pattern=a\\?\\[b\\]\\{c\\}\\\\d'],
    ['--dir=/etc', '--pattern=--dir=/etc'],
  ])('keep the name %s exact', (name, pattern) => {
    expect(ghArguments(SOURCE, name, '/d')).toContain(pattern);
  });
});
