import { inject } from 'vitest';
import { bundleFixture } from './bundle-fixture.ts';

/** Bundles `test/fixtures/<name>.ts` into one program for a plain `node`; returns its path. */
export async function bundledFixture(name: string): Promise<string> {
  return await bundleFixture(name, inject('runDir'));
}
