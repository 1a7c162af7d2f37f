import { expect, test } from 'vitest';
import { ByteQueue } from '../../src/fetch/byte-queue.ts';

/** A queue of ten bytes, and what its producer was told. */
function open() {
  const told: string[] = [];
  const queue = new ByteQueue(10, {
    pause: () => void told.push('pause'),
    resume: () => void told.push('resume'),
  });
  return { queue, told };
}
const bytes = (count: number) => Buffer.alloc(count, count);

test('gives its bytes in order, then the end, for ever', async () => {
  const { queue } = open();
  queue.push(bytes(1));
  queue.push(bytes(2));
  queue.end();
  expect(await queue.next()).toEqual(bytes(1));
  expect(await queue.next()).toEqual(bytes(2));
  expect(await queue.next()).toBeNull();
  expect(await queue.next()).toBeNull();
});

test('lets its consumer wait for bytes, the end and a failure', async () => {
  const { queue } = open();
  const waiting = queue.next();
  queue.push(bytes(3));
  expect(await waiting).toEqual(bytes(3));
  const end = queue.next();
  queue.end();
  expect(await end).toBeNull();
  const other = open().queue;
  const failing = other.next();
  other.fail(new Error('cut'));
  await expect(failing).rejects.toThrow('cut');
});

test('tells a failure after the bytes before it, again and again, and never the end instead', async () => {
  const { queue } = open();
  queue.push(bytes(1));
  queue.fail(new Error('first'));
  queue.fail(new Error('second'));
  queue.end();
  expect(queue.isOver).toBe(true);
  expect(await queue.next()).toEqual(bytes(1));
  await expect(queue.next()).rejects.toThrow('first');
  await expect(queue.next()).rejects.toThrow('first');
});

test('holds a producer back from its limit on, until half of it is left', async () => {
  const { queue, told } = open();
  queue.push(bytes(9));
  expect(told).toEqual([]);
  queue.push(bytes(4));
  queue.push(bytes(1));
  expect(queue.isFull).toBe(true);
  await queue.next();
  expect(told).toEqual(['pause']);
  await queue.next();
  expect(told).toEqual(['pause', 'resume']);
  expect(queue.isFull).toBe(false);
});

test('joins what waits together, up to a size, and copies nothing else', async () => {
  const { queue } = open();
  const [first, ...rest] = [bytes(4), bytes(4), bytes(4)];
  for (const chunk of [first, ...rest]) if (chunk !== undefined) queue.push(chunk);
  expect((await queue.next(8))?.length).toBe(8);
  expect(await queue.next(8)).toBe(rest[1]);
});
