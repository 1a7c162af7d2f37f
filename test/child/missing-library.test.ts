import { expect, it } from 'vitest';
import { longPathHint, missingLibraryHint, refusedHint } from '../../src/child/missing-library.ts';

it.each([0xc0000135, -1073741515])('names the redistributable for status %d', (status) => {
  expect(missingLibraryHint(status)).toMatch(/VCRUNTIME140\.dll.*Redistributable/);
});

it.each([0, 1, 53, null, undefined, 'ENOENT'])('says nothing of %j', (status) => {
  expect(missingLibraryHint(status)).toBeUndefined();
});

it('says of a program on Windows that its path is too long to start it', () => {
  expect(longPathHint('x'.repeat(260), 'win32')).toMatch(/longer than 259 characters/);
  expect(longPathHint('x'.repeat(259), 'win32')).toBeUndefined();
  expect(longPathHint('x'.repeat(260), 'linux')).toBeUndefined();
});

it('asks about a mount only where there are mounts', () => {
  expect(refusedHint('linux')).toMatch(/noexec/);
  expect(refusedHint('win32')).not.toMatch(/noexec|mount/);
  for (const platform of ['linux', 'win32']) {
    expect(refusedHint(platform)).toMatch(/CODEX_RUNTIME_HOME/);
  }
});
