import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { forManyListeners } from '../src/abort.ts';

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
