import { describe, expect, it } from 'vitest';
import { type Input, toWireInput } from '../../src/app-server/turns/input.ts';

describe('input', () => {
  it('is a text, one item or several', () => {
    const text = { type: 'text', text: 'hi', text_elements: [] };
    expect(toWireInput('hi')).toEqual([text]);
    expect(toWireInput({ type: 'text', text: 'hi' })).toEqual([text]);
    expect(
      toWireInput([
        { type: 'text', text: 'hi' },
        { type: 'image', url: 'https://example.org/a.png' },
        { type: 'localImage', path: '/a.png' },
        { type: 'local_image', path: '/b.png' },
        { type: 'skill', name: 'review', path: '/skills/review' },
        { type: 'mention', name: 'notes', path: '/notes.md' },
      ]),
    ).toEqual([
      text,
      { type: 'image', url: 'https://example.org/a.png' },
      { type: 'localImage', path: '/a.png' },
      { type: 'localImage', path: '/b.png' },
      { type: 'skill', name: 'review', path: '/skills/review' },
      { type: 'mention', name: 'notes', path: '/notes.md' },
    ]);
  });

  it('keeps members that newer runtimes know', () => {
    const item = { type: 'image', url: 'data:', detail: 'high' } as const;
    expect(toWireInput(item)).toEqual([item]);
  });

  it.each<[unknown]>([
    [undefined],
    [7],
    [[null]],
    [[{ type: 'video', url: '/a' }]],
    [[{ type: 'constructor' }]],
    [[{ type: 'text' }]],
    [[{ type: 'skill', name: 'x' }]],
  ])('refuses %j', (input) => {
    expect(() => toWireInput(input as Input)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
