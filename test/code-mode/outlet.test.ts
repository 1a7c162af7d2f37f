import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/code-mode/frames.ts';
import { newOutletHold, Outlet, wasWriting } from '../../src/code-mode/outlet.ts';
import { isHostEvent } from '../../src/code-mode/protocol.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('an outlet', () => {
  it('writes whole frames', async () => {
    const file = join(await tempDir(), 'frames');
    const fd = openSync(file, 'w');
    const outlet = new Outlet(newOutletHold(), 1, fd);
    outlet.write({ op: 'events', cell: 1 }, '["wörld"]');
    outlet.write({ op: 'snapshot', cell: 1 }, new Uint8Array(100_000).fill(7));
    closeSync(fd);
    const frames = new FrameReader(isHostEvent).push(readFileSync(file));
    expect(frames.map(({ header, body }) => [header.op, body.length])).toEqual([
      ['events', 10],
      ['snapshot', 100_000],
    ]);
  });

  it.skipIf(process.platform === 'win32')('keeps frames of several threads apart', async () => {
    const script = join(await tempDir(), 'writers.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('./fixtures/writers.ts', import.meta.url))],
      ...{ outfile: script, bundle: true, platform: 'node', format: 'esm' },
    });
    const child = spawn(process.execPath, [script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const reader = new FrameReader(isHostEvent);
    const counts = new Map<number, number>();
    for await (const chunk of child.stdout) {
      for (const { header, body } of reader.push(chunk)) {
        const cell = header.op === 'snapshot' ? header.cell : 0;
        expect(body.length).toBe(100_000);
        expect(body.equals(Buffer.alloc(100_000, cell))).toBe(true);
        counts.set(cell, (counts.get(cell) ?? 0) + 1);
      }
    }
    expect([...counts].sort(([a], [b]) => a - b)).toEqual([
      [1, 60],
      [2, 60],
      [3, 60],
    ]);
  });

  it('is free again after a write that failed', async () => {
    const hold = newOutletHold();
    const fd = openSync(join(await tempDir(), 'closed'), 'w');
    closeSync(fd);
    expect(() => new Outlet(hold, 3, fd).write({ op: 'ready', protocol: 1 })).toThrow('EBADF');
    expect(wasWriting(hold, 3)).toBe(false);
  });

  it('tells of a thread that ended while it was writing', () => {
    const hold = newOutletHold();
    hold[0] = 3;
    expect([wasWriting(hold, 3), wasWriting(hold, 4)]).toEqual([true, false]);
  });
});
