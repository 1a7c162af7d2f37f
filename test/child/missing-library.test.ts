import { expect, it } from 'vitest';
import { missingLibraryHint } from '../../src/child/missing-library.ts';

it.each([0xc0000135, -1073741515])('names the redistributable for status %d', (status) => {
  expect(missingLibraryHint(status)).toMatch(/VCRUNTIME140\.dll.*Redistributable/);
});

it.each([0, 1, 53, null, undefined, 'ENOENT'])('says nothing of %j', (status) => {
  expect(missingLibraryHint(status)).toBeUndefined();
});
