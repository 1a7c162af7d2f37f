import { describe, expect, it } from 'vitest';
import {
  encodeFrame,
  FrameError,
  FrameReader,
  MAX_FRAME_BYTES,
} from '../../src/code-mode/frames.ts';
import { type HostCommand, isHostCommand, isHostEvent } from '../../src/code-mode/protocol.ts';

const reader = () => new FrameReader<HostCommand>(isHostCommand);

describe('a frame', () => {
  it.each([1, 2, 3, 5, 1_000])('is read whole from chunks of %i bytes', (size) => {
    const bytes = Buffer.concat([
      encodeFrame({ op: 'start', cell: 1 }, 'wörld'),
      encodeFrame({ op: 'stop', cell: 1 }),
      encodeFrame({ op: 'restore', cell: 2, limits: {} }, Uint8Array.of(0, 255)),
    ]);
    const parts = reader();
    const frames = [];
    for (let at = 0; at < bytes.length; at += size)
      frames.push(...parts.push(bytes.subarray(at, at + size)));
    expect(frames.map(({ header }) => header.op)).toEqual(['start', 'stop', 'restore']);
    expect(frames[0]?.body.toString('utf8')).toBe('wörld');
    expect([...(frames[2]?.body ?? [])]).toEqual([0, 255]);
  });

  it.each([
    ['a length beyond the limit', Buffer.from([255, 255, 255, 255])],
    ['a length of nothing', Buffer.from([1, 0, 0, 0, 0])],
    ['a header beyond its frame', Buffer.from([4, 0, 0, 0, 9, 0, 1, 1])],
    [
      'a header that is not JSON',
      Buffer.concat([Buffer.from([5, 0, 0, 0, 3, 0]), Buffer.from('{a}')]),
    ],
    ['an unknown header', encodeFrame({ op: 'eval', cell: 1 })],
    ['a cell that is not a number', encodeFrame({ op: 'stop', cell: '1' })],
  ])('is refused for %s', (_, bytes) => {
    expect(() => reader().push(bytes)).toThrow(FrameError);
  });

  it('is not made longer than the limit', () => {
    expect(() => encodeFrame({}, Buffer.alloc(MAX_FRAME_BYTES))).toThrow(FrameError);
  });
});

describe('isHostEvent', () => {
  it.each([
    [null, false],
    [{ op: 'ready', protocol: 1 }, true],
    [{ op: 'ready' }, false],
    [{ op: 'events', cell: 1 }, true],
    [{ op: 'over', cell: 1 }, false],
    [{ op: 'over', cell: 1, outcome: { kind: 'completed' } }, true],
    [{ op: 'start', cell: 1 }, false],
  ])('knows %j', (value, known) => {
    expect(isHostEvent(value)).toBe(known);
  });
});
