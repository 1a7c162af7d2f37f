import { expect, it } from 'vitest';
import { failure } from '../../support/failure.ts';
import { packTwo, publishTo } from '../../support/publishing.ts';

it('publishing ends while it checks what is to be published, and has asked no registry', async () => {
  const release = await packTwo('aborted');
  const controller = new AbortController();
  const told: string[] = [];
  const publishing = publishTo('http://127.0.0.1:1/', release, {
    signal: controller.signal,
    onProgress: (event) => {
      if (event.type !== 'working') return;
      told.push(event.what);
      controller.abort();
    },
  });
  expect((await failure(publishing)).code).toBe('ABORTED');
  expect(told).toEqual(['Checking']);
});
