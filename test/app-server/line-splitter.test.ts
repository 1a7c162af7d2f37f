import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/app-server/errors.ts';
import { LineSplitter } from '../../src/app-server/transport/line-splitter.ts';

function split(bytes: Buffer, cuts: readonly number[], cap = 1_000_000): string[] {
  const splitter = new LineSplitter(cap);
  const edges = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)];
  edges.push(bytes.length);
  return edges.slice(1).flatMap((end, index) => splitter.push(bytes.subarray(edges[index], end)));
}

describe('lines', () => {
  it('are the same however the bytes are cut', () => {
    const line = fc
      .string({ unit: 'binary', minLength: 1 })
      .map((text) => text.replace(/[\r\n]/g, '·'));
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.nat()),
        fc.constantFrom('\n', '\r\n'),
        (lines, cuts, end) => {
          const bytes = Buffer.from(lines.map((text) => text + end).join(''));
          const wellFormed = lines.map((text) => Buffer.from(text).toString());
          expect(split(bytes, cuts)).toEqual(wellFormed);
        },
      ),
    );
  });

  it('that are empty or have not ended do not come', () => {
    const splitter = new LineSplitter(100);
    expect(splitter.push(Buffer.from('\n\r\na\n\nb\nrest'))).toEqual(['a', 'b']);
    expect(splitter.pendingBytes).toBe(4);
  });

  it('may be as long as the cap and no longer, wherever the cuts are', () => {
    const fits = Buffer.from(`${'x'.repeat(10)}\n${'y'.repeat(10)}\n`);
    expect(split(fits, [3, 12, 17], 10)).toEqual(['x'.repeat(10), 'y'.repeat(10)]);
    const long = Buffer.from(`ok\n${'x'.repeat(11)}\nok\n`);
    for (let cut = 0; cut <= long.length; cut += 1) {
      expect(() => split(long, [cut], 10)).toThrow(ProtocolError);
    }
    expect(() => split(Buffer.alloc(11, 'x'), [4], 10)).toThrow(ProtocolError);
  });
});
