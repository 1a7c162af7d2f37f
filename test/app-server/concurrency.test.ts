import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  AbortedError,
  type Notification,
  TransportClosedError,
} from '../../src/app-server/index.ts';
import { promptOf } from '../support/model-server.ts';
import { describeReal, startRealCodex } from '../support/real-codex.ts';

const echo = (request: Parameters<typeof promptOf>[0]) =>
  ({ kind: 'text', text: `echo of ${promptOf(request)}` }) as const;
const endless = { kind: 'text', text: 'word '.repeat(200), delayMs: 50 } as const;

describeReal('many turns at once', (version) => {
  it('each have their own answer', async () => {
    await using real = await startRealCodex(version, echo);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => real.codex.startThread().run(`number ${index}`)),
    );
    expect(results.map(({ finalResponse }) => finalResponse)).toEqual(
      Array.from({ length: 20 }, (_, index) => `echo of number ${index}`),
    );
  });

  it('each have their own events', async () => {
    await using real = await startRealCodex(version, echo);
    const read = async (name: string): Promise<Notification[]> => {
      const turn = await (await real.codex.startThread()).turn(name);
      const events: Notification[] = [];
      for await (const event of turn.stream()) {
        events.push(event);
        await sleep(1);
      }
      expect(JSON.stringify(events)).toContain(turn.id);
      return events;
    };
    const names = ['ant', 'bee', 'cat', 'dog', 'eel'];
    const streams = await Promise.all(names.map(read));
    for (const [index, events] of streams.entries()) {
      const text = JSON.stringify(events);
      for (const name of names) expect(text.includes(`of ${name}`)).toBe(name === names[index]);
      expect(events.at(-1)?.method).toBe('turn/completed');
    }
  });

  it('go on while one of them is not read at all', async () => {
    await using real = await startRealCodex(version, echo);
    const unread = await (await real.codex.startThread()).turn('unread');
    const paused = (await (await real.codex.startThread()).turn('paused')).stream();
    await paused.next();
    expect((await real.codex.startThread().run('read')).finalResponse).toBe('echo of read');
    expect((await unread.run()).finalResponse).toBe('echo of unread');
  });
});

describeReal('a call that is aborted', (version) => {
  it('interrupts the turn and rejects at once', async () => {
    await using real = await startRealCodex(version, () => endless);
    const ended = new Promise((resolve) => {
      real.codex.onNotification(({ method, params }) => {
        if (method === 'turn/completed') resolve(params.turn.status);
      });
    });
    const controller = new AbortController();
    const running = real.codex.startThread().run('hi', { signal: controller.signal });
    const delta = new Promise((resolve) => {
      real.codex.onNotification(({ method }) => method.endsWith('/delta') && resolve(method));
    });
    await delta;
    controller.abort(new Error('enough'));
    const error: unknown = await running.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AbortedError);
    expect(error).toMatchObject({
      name: 'AbortError',
      code: 'ABORTED',
      cause: { message: 'enough' },
    });
    expect(await ended).toBe('interrupted');
  });

  it('before the turn was named leaves no turn behind', async () => {
    await using real = await startRealCodex(version, () => endless);
    const thread = await real.codex.startThread();
    const ended = new Promise((resolve) => {
      real.codex.onNotification(({ method, params }) => {
        if (method === 'turn/completed') resolve(params.turn.status);
      });
    });
    const controller = new AbortController();
    const starting = thread.turn('hi', { signal: controller.signal });
    // Now it is sent; its answer cannot be here before the event loop turns once more.
    await Promise.resolve();
    controller.abort();
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await ended).toBe('interrupted');
  });

  it('is never sent when its signal had aborted before', async () => {
    await using real = await startRealCodex(version, () => endless);
    const signal = AbortSignal.abort();
    await expect(real.codex.models({ signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(real.codex.startThread({ signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describeReal('closing a client', (version) => {
  it('ends turns and calls with a typed error, and is quick', async () => {
    const real = await startRealCodex(version, () => endless);
    const thread = await real.codex.startThread();
    const running = thread.run('hi').catch((thrown: unknown) => thrown);
    const streaming = await (await real.codex.startThread()).turn('ho');
    const stream = streaming.stream();
    await stream.next();
    const before = performance.now();
    await real.codex.close();
    expect(performance.now() - before).toBeLessThan(1_900);
    expect(await running).toBeInstanceOf(TransportClosedError);
    const drained = (async () => {
      for await (const _ of stream);
    })();
    await expect(drained).rejects.toBeInstanceOf(TransportClosedError);
    await expect(thread.run('again')).rejects.toBeInstanceOf(TransportClosedError);
    await real.codex.close();
    await real[Symbol.asyncDispose]();
  });
});
