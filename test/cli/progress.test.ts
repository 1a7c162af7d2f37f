import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CliContext } from '../../src/cli/context.ts';
import { createProgress } from '../../src/cli/progress.ts';

/** A stream that keeps what is written to it. */
class Kept extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function contextWith(stderr: Writable): CliContext {
  return {
    stdout: new Kept(),
    print: () => undefined,
    stderr,
    say: (text) => void stderr.write(text),
    env: {},
    words: [],
    openStdin: () => Readable.from([]),
    interactive: false,
    stderrColumns: 80,
    stderrColor: false,
    stdoutColumns: undefined,
    stdoutColor: false,
    signal: new AbortController().signal,
    releaseSignals: () => undefined,
  };
}

describe('progress on a terminal', () => {
  it('is a bar with share, bytes, rate and time left', async () => {
    vi.useFakeTimers({ toFake: ['hrtime', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const stderr = new Kept();
    const context = { ...contextWith(stderr), interactive: true };
    const { onProgress, end } = await createProgress(context, {});
    onProgress({ type: 'asset', channel: 'npm', version: '1.2.3', name: 'codex.tgz', size: 1 });
    for (let second = 0; second <= 5; second += 1) {
      onProgress({ type: 'download', received: second * 10e6, total: 200e6, resumed: 0 });
      vi.advanceTimersByTime(1000);
    }
    end();
    expect(stderr.text).toMatch(
      /Codex 1\.2\.3 █{5}░{16} 25% {2}50\.0 MB of 200 MB {2}10\.0 MB\/s {2}15 s left/,
    );
  });

  it.each([20, 30, 40, 60, 80, 120])(
    'fits %d columns, and says first what it loads',
    async (stderrColumns) => {
      vi.useFakeTimers({ toFake: ['hrtime', 'performance'] });
      onTestFinished(() => void vi.useRealTimers());
      const stderr = new Kept();
      const context = { ...contextWith(stderr), interactive: true, stderrColumns };
      const { onProgress, end } = await createProgress(context, {});
      const version = '0.116.0-alpha.11';
      onProgress({ type: 'asset', channel: 'npm', version, name: 'codex.tgz', size: 1 });
      for (let second = 0; second <= 5; second += 1) {
        onProgress({ type: 'download', received: second * 1e7, total: 2e8, resumed: 0 });
        vi.advanceTimersByTime(1000);
      }
      end();
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor is not shown
      const shown = stderr.text.replaceAll(/\u001b\[[?\d;]*[A-Za-z]/g, '').split(/[\r\n]+/);
      const lines = shown.filter((line) => line !== '');
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line.length).toBeLessThan(stderrColumns);
        expect(line.startsWith(`Codex ${version}`.slice(0, stderrColumns - 1))).toBe(true);
      }
    },
  );
});

describe('progress where no terminal is', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['hrtime', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is a plain line every few seconds, with bytes, rate and time left', async () => {
    const stderr = new Kept();
    const { onProgress } = await createProgress(contextWith(stderr), {});
    for (let second = 0; second <= 10; second += 1) {
      onProgress({ type: 'download', received: second * 10e6, total: 200e6, resumed: 0 });
      vi.advanceTimersByTime(1000);
    }
    expect(stderr.text.trimEnd().split('\n')).toEqual([
      'Downloaded 30.0 MB of 200 MB  10.0 MB/s  17 s left',
      'Downloaded 60.0 MB of 200 MB  10.0 MB/s  14 s left',
      'Downloaded 90.0 MB of 200 MB  10.0 MB/s  11 s left',
    ]);
  });

  it('claims no total that nobody has told, and no bytes before the first', async () => {
    const stderr = new Kept();
    const { onProgress } = await createProgress(contextWith(stderr), {});
    for (let second = 0; second <= 6; second += 3) {
      vi.advanceTimersByTime(3000);
      onProgress({ type: 'download', received: second * 10e6, total: null, resumed: 0 });
    }
    expect(stderr.text.trimEnd().split('\n')).toEqual([
      'Downloaded 30.0 MB  10.0 MB/s',
      'Downloaded 60.0 MB  10.0 MB/s',
    ]);
  });

  it('says once which channels are not available, and which of several targets comes', async () => {
    const stderr = new Kept();
    const { onProgress } = await createProgress(contextWith(stderr), {});
    for (const [at, target] of (
      ['aarch64-apple-darwin', 'x86_64-apple-darwin'] as const
    ).entries()) {
      onProgress({ type: 'target', target, number: at + 1, of: 2 });
      onProgress({ type: 'unavailable', channel: 'github', source: null, reason: 'gone' });
      onProgress({ type: 'asset', channel: 'npm', version: '1.2.3', name: 'codex.tgz', size: 1 });
    }
    expect(stderr.text.trimEnd().split('\n')).toEqual([
      'Codex for aarch64-apple-darwin (1 of 2):',
      'Not available: github (--verbose says why). Taking it from npm.',
      'Codex for x86_64-apple-darwin (2 of 2):',
    ]);
  });

  it('says nothing when it is told to be quiet', async () => {
    const stderr = new Kept();
    const { onProgress } = await createProgress(contextWith(stderr), { quiet: true });
    onProgress({ type: 'unavailable', channel: 'github', source: null, reason: 'gone' });
    onProgress({ type: 'asset', channel: 'npm', version: '1.2.3', name: 'codex.tgz', size: 1 });
    vi.advanceTimersByTime(10_000);
    onProgress({ type: 'download', received: 1, total: 1, resumed: 0 });
    expect(stderr.text).toBe('');
  });

  it("keeps a server's text from moving the cursor or giving a runner orders", async () => {
    const stderr = new Kept();
    const { onProgress } = await createProgress(contextWith(stderr), { verbose: true });
    const reason = '\u001b[2Jgone\n::set-output name=path::evil';
    onProgress({ type: 'unavailable', channel: 'github', source: null, reason });
    expect(stderr.text).not.toContain('\u001b');
    expect(stderr.text.split('\n').filter((line) => line.startsWith('::'))).toEqual([]);
  });
});
