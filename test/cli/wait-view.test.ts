import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWaitView } from '../../src/cli/wait-view.ts';

function screen(interactive: boolean) {
  const stderr = new PassThrough({ encoding: 'utf8' });
  const context = { stderr, interactive, stderrColumns: 60 };
  const view = createWaitView(context, 'Codex 1.2.3 on npm', 30 * 60_000);
  return { view, read: () => (stderr.read() as string | null) ?? '' };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('waiting on a terminal', () => {
  it('shows from the first moment what is asked for, and counts the seconds on one line', () => {
    const { view, read } = screen(true);
    expect(read()).toMatch(/Codex 1\.2\.3 on npm.*0 s$/);
    view.missing(['no build']);
    read();
    vi.advanceTimersByTime(2000);
    const redrawn = read();
    expect(redrawn).toMatch(/1 s of 30 min 00 s.*2 s of 30 min 00 s/s);
    expect(redrawn).not.toContain('\n');
    view.end();
  });

  it('never draws a line that would wrap, and takes the last one back', () => {
    const { view, read } = screen(true);
    view.missing(['no build']);
    read();
    vi.advanceTimersByTime(3000);
    const lines = read().split('\r\u001b[2K');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(60);
    view.end();
    expect(read()).toBe('\r\u001b[2K');
    vi.advanceTimersByTime(5000);
    expect(read()).toBe('');
  });
});

describe('waiting where no terminal is', () => {
  it('says once what is missing, again when that changes, and once a minute that it goes on', () => {
    const { view, read } = screen(false);
    expect(read()).toBe('');
    view.missing(['no build']);
    view.missing(['no build']);
    expect(read()).toBe('Not yet:\n  - no build\n');
    vi.advanceTimersByTime(60_000);
    expect(read().trimEnd().split('\n')).toEqual([
      expect.stringMatching(/1 min 00 s of 30 min 00 s, asked 2 times$/),
    ]);
    view.missing(['no launcher']);
    expect(read()).toBe('Not yet:\n  - no launcher\n');
    view.end();
    vi.advanceTimersByTime(60_000);
    expect(read()).toBe('');
  });
});
