import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { failure } from '../support/failure.ts';
import { healthyPatient } from '../support/patient.ts';
import { storedRuntime } from '../support/stored-runtime.ts';

it('an installation with nothing to do stops at its signal, before touched files are hashed and after', async () => {
  const { options } = await healthyPatient();
  const { manifest } = await storedRuntime(options.home);
  const { executable } = await installRuntime(options);
  const signal = AbortSignal.abort();
  expect(await failure(installRuntime({ ...options, signal }))).toMatchObject({ code: 'ABORTED' });

  const touched = join(executable, '..', manifest.entrypoint.split('/').at(-1) ?? '');
  await utimes(touched, 1, 1);
  const controller = new AbortController();
  const run = installRuntime({
    ...options,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  setImmediate(() => controller.abort());
  expect(await failure(run)).toMatchObject({ code: 'ABORTED' });
});
