import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { anySignal, forManyListeners, pause, unlessAborted } from '../src/abort.ts';

describe('a pause', () => {
  it('ends with ABORTED as soon as its signal fires', async () => {
    const started = performance.now();
    await expect(pause(10_000, AbortSignal.timeout(20))).rejects.toMatchObject({ code: 'ABORTED' });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('is as long as it was asked for where nothing ends it', async () => {
    const started = performance.now();
    await pause(50, undefined);
    expect(performance.now() - started).toBeGreaterThan(45);
  });
});

describe('work that may be interrupted', () => {
  const never = new Promise<never>(() => undefined);

  it('ends with ABORTED when the signal fires, before or meanwhile', async () => {
    for (const signal of [AbortSignal.abort(), AbortSignal.timeout(20)]) {
      await expect(unlessAborted(never, signal)).rejects.toMatchObject({ code: 'ABORTED' });
    }
  });

  it('keeps its own outcome where the signal comes later or not at all', async () => {
    const controller = new AbortController();
    const failing = unlessAborted(Promise.reject(new Error('own')), controller.signal);
    await expect(failing).rejects.toThrow('own');
    controller.abort();
    expect(await unlessAborted(Promise.resolve(1), undefined)).toBe(1);
  });
});

describe('any of several signals', () => {
  it('fires with the first of them, whichever are missing', () => {
    const controller = new AbortController();
    const signal = anySignal(undefined, new AbortController().signal, controller.signal);
    expect(signal.aborted).toBe(false);
    controller.abort('enough');
    expect(signal).toMatchObject({ aborted: true, reason: 'enough' });
  });

  it('never fires where there are none', () => {
    expect(anySignal(undefined).aborted).toBe(false);
  });
});

describe('a signal for many listeners', () => {
  it('warns nobody when requests for all targets listen at once', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const signal = forManyListeners(new AbortController().signal);
    for (let count = 0; count < 40; count += 1) signal?.addEventListener('abort', () => count);
    await turn();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('is aborted with the one that it follows, for the same reason', () => {
    const controller = new AbortController();
    const signal = forManyListeners(controller.signal);
    controller.abort('enough');
    expect(signal).toMatchObject({ aborted: true, reason: 'enough' });
  });

  it('is none where there is none', () => {
    expect(forManyListeners(undefined)).toBeUndefined();
  });
});
