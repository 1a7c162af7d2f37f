import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderResult, truncateItems, truncateMiddle } from '../../src/code-mode/output.ts';

const text = (value: string) => ({ type: 'text', text: value }) as const;
const PICTURE = { type: 'image', url: 'data:image/png;base64,AA==' } as const;

describe('truncateMiddle', () => {
  it('keeps what fits', () => {
    expect(truncateMiddle('abcdefgh', 8)).toBe('abcdefgh');
  });

  it('keeps the beginning and the end, and counts the tokens between', () => {
    expect(truncateMiddle('aaaaxxxxxxxxbbbb', 8)).toBe('aaaa…2 tokens truncated…bbbb');
    expect(truncateMiddle('abc', 0)).toBe('…1 tokens truncated…');
  });

  it('never cuts inside a character, and its numbers add up', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.nat(300), (value, budget) => {
        const cut = truncateMiddle(value, budget);
        const bytes = Buffer.byteLength(value);
        if (bytes <= budget) return cut === value;
        const [, head = '', count = '', tail = ''] =
          /^([\s\S]*)…(\d+) tokens truncated…([\s\S]*)$/.exec(cut) ?? [];
        const kept = Buffer.byteLength(head) + Buffer.byteLength(tail);
        return (
          value.startsWith(head) &&
          value.endsWith(tail) &&
          kept <= budget &&
          Number(count) === Math.ceil((bytes - kept) / 4)
        );
      }),
    );
  });
});

describe('truncateItems', () => {
  it('leaves output within the budget as it is', () => {
    const items = [text('a'), PICTURE, text('b')];
    expect(truncateItems(items, 1)).toEqual(items);
  });

  it('joins text alone, cuts it once, and counts its lines', () => {
    const items = [text('line 1\nline 2'), text('x'.repeat(100)), text('end')];
    expect(truncateItems(items, 4)).toEqual([
      text('Total output lines: 4\n\nline 1\nl…26 tokens truncated…xxxx\nend'),
    ]);
  });

  it('keeps every image, gives each text what is left, and counts what is left out', () => {
    const items = [text('aaaa'), PICTURE, text('b'.repeat(12)), PICTURE, text('c'), text('d')];
    expect(truncateItems(items, 2)).toEqual([
      text('aaaa'),
      PICTURE,
      text('bb…2 tokens truncated…bb'),
      PICTURE,
      text('[2 text items omitted]'),
    ]);
  });

  it('takes 20,000 items', () => {
    const items = Array.from({ length: 20_000 }, (_, index) => text(`item ${index}`));
    const [only, ...others] = truncateItems(items, 100);
    expect(others).toEqual([]);
    expect(only?.type === 'text' && Buffer.byteLength(only.text)).toBeLessThan(500);
  });
});

describe('renderResult', () => {
  const common = { cellId: '7', items: [text('out')], wallMs: 1_249 };

  it.each([
    [{ ...common, status: 'completed' } as const, 'Script completed'],
    [{ ...common, status: 'terminated' } as const, 'Script terminated'],
    [{ ...common, status: 'running' } as const, 'Script running with cell ID 7'],
  ])('begins with status and wall time: $status', (result, headline) => {
    expect(renderResult(result)).toEqual([
      text(`${headline}\nWall time 1.2 seconds\nOutput:\n`),
      text('out'),
    ]);
  });

  it('ends with the error of a script that failed', () => {
    const error = {
      name: 'TypeError',
      message: 'no',
      stack: 'at script.js:1:2',
      reason: 'script',
    } as const;
    expect(renderResult({ ...common, status: 'failed', error }).at(-1)).toEqual(
      text('Script error:\nTypeError: no\nat script.js:1:2'),
    );
  });

  it('does not count the header against the budget', () => {
    expect(renderResult({ ...common, status: 'completed' }, 1)).toHaveLength(2);
  });
});
