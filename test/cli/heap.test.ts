import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bufferFlags } from '../../src/cli/heap.ts';

describe('bufferFlags', () => {
  it('names only flags that the V8 of this Node knows', () => {
    const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    const flags = (['one', 'several'] as const).flatMap((passing) =>
      bufferFlags(process.versions.node, passing),
    );
    expect(flags.length).toBeGreaterThan(1);
    const names = flags.map((flag) => flag.split('=')[0] ?? '');
    expect(names.filter((name) => !known.includes(`${name} (`))).toEqual([]);
  });

  it.each(['20.19.0', '22.15.1', '24.0.0'])('lets the heap of Node %s grow', (node) => {
    const grows = /^--heap-growing-percent=(\d+)$/;
    const [one, several] = (['one', 'several'] as const).map((passing) =>
      Number(grows.exec(bufferFlags(node, passing)[0] ?? '')?.[1]),
    );
    expect(one).toBeGreaterThan(several ?? Number.NaN);
    expect(several).toBeGreaterThan(100);
  });

  it('leaves a Node alone that nobody has looked at', () => {
    expect(bufferFlags('99.0.0', 'one')).toEqual([]);
  });
});
