import { describe, expect, it } from 'vitest';
import { FlowControl } from '../../src/app-server/connection/flow-control.ts';
import { EventsLostError } from '../../src/app-server/errors.ts';
import { linkedTransports } from '../../src/app-server/transport/memory-transport.ts';
import { EventQueue } from '../../src/app-server/turns/event-queue.ts';

const limits = { soft: 10, hard: 20 };

function setup(): { flow: FlowControl; queue: EventQueue<number> } {
  const flow = new FlowControl(linkedTransports()[0]);
  return { flow, queue: new EventQueue<number>(flow, limits) };
}

async function drain(events: AsyncIterable<number>): Promise<number[]> {
  const seen: number[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

function fill(queue: EventQueue<number>, count: number): void {
  for (let event = 0; event < count; event += 1) queue.push(event, 1);
}

describe('an event queue', () => {
  it('keeps order, from before the reader comes until the end', async () => {
    const { queue } = setup();
    fill(queue, 3);
    const reading = drain(queue.read());
    await Promise.resolve();
    queue.push(3, 1);
    queue.end();
    queue.push(4, 1);
    expect(await reading).toEqual([0, 1, 2, 3]);
  });

  it('answers several waiting readers of one iterator in order', async () => {
    const { queue } = setup();
    const reader = queue.read();
    const both = [reader.next(), reader.next(), reader.next()];
    fill(queue, 2);
    queue.end();
    expect((await Promise.all(both)).map(({ value }) => value)).toEqual([0, 1, undefined]);
  });

  it('tells a failure once, after what was here', async () => {
    const { queue } = setup();
    fill(queue, 2);
    queue.fail(new Error('gone'));
    const reader = queue.read();
    expect((await reader.next()).value).toBe(0);
    expect((await reader.next()).value).toBe(1);
    await expect(reader.next()).rejects.toThrow('gone');
    expect(await reader.next()).toEqual({ value: undefined, done: true });
  });

  it('lets go what is beyond the hard limit, and tells', async () => {
    const { queue } = setup();
    fill(queue, 30);
    queue.end();
    const reader = queue.read();
    for (let event = 0; event < 20; event += 1) expect((await reader.next()).value).toBe(event);
    await expect(reader.next()).rejects.toBeInstanceOf(EventsLostError);
  });

  it('ends at an abort, even with events left, and holds on to no signal', async () => {
    const { queue } = setup();
    const controller = new AbortController();
    let interrupted = 0;
    const reader = queue.read(controller.signal, () => {
      interrupted += 1;
    });
    fill(queue, 3);
    await reader.next();
    controller.abort();
    await expect(reader.next()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(interrupted).toBe(1);
    const other = setup().queue;
    const later = new AbortController();
    const reading = drain(other.read(later.signal, () => expect.unreachable()));
    other.end();
    await reading;
    later.abort();
  });
});

describe('flow control', () => {
  it('pauses for a slow reader only while nobody waits', async () => {
    const { flow, queue } = setup();
    const reader = queue.read();
    fill(queue, 11);
    expect(flow.paused).toBe(true);
    flow.change('calls', 1);
    expect(flow.paused).toBe(false);
    flow.change('calls', -1);
    expect(flow.paused).toBe(true);

    const other = new EventQueue<number>(flow, limits);
    expect(flow.paused).toBe(false);
    const otherReader = other.read();
    expect(flow.paused).toBe(true);
    const waiting = otherReader.next();
    expect(flow.paused).toBe(false);
    other.push(1, 1);
    await waiting;
    expect(flow.paused).toBe(true);
    for (let event = 0; event < 6; event += 1) await reader.next();
    expect(flow.paused).toBe(false);
  });

  it.each<[string, (queue: EventQueue<number>) => void]>([
    ['ends', (queue) => queue.end()],
    ['fails', (queue) => queue.fail(new Error('gone'))],
    ['is left', (queue) => queue.leave()],
    ['overflows', (queue) => fill(queue, 20)],
  ])('goes on when the queue that was behind %s', (_, finish) => {
    const { flow, queue } = setup();
    queue.read();
    fill(queue, 11);
    expect(flow.paused).toBe(true);
    finish(queue);
    expect(flow.paused).toBe(false);
  });

  it('does not wait for a turn that nobody reads', () => {
    const { flow, queue } = setup();
    fill(queue, 19);
    expect(flow.paused).toBe(false);
    queue.read();
    expect(flow.paused).toBe(true);
  });
});
