import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { bundledFixture } from '../support/bundled-fixture.ts';
import { archiveMutant } from '../torture/archive-mutants.ts';
import type { MutantFigures } from '../torture/run-archive-mutants.ts';

const SEED = 20_261_120;
const MUTANTS = 1_500;

it('no mutant of a valid archive escapes, hangs, crashes or eats memory', async () => {
  const child = await bundledFixture('mutants-child');
  const args = [child, String(SEED), String(MUTANTS)];
  const env = { PATH: process.env['PATH'], TMPDIR: tmpdir() };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
  const figures = JSON.parse(stdout) as MutantFigures;
  expect(stderr).toBe('');
  expect(figures.faults).toEqual([]);
  expect(figures.taken + figures.refused).toBe(MUTANTS);
  // Both outcomes and many reasons: else the mutants would not reach what they are to try.
  expect(figures.taken).toBeGreaterThan(MUTANTS / 50);
  expect(Object.keys(figures.reasons).length).toBeGreaterThan(12);
  expect(figures.slowestMs).toBeLessThan(5_000);
  expect(figures.rssMiB).toBeLessThan(256);
});

it('a mutant can be made again from seed and index', () => {
  expect(archiveMutant(SEED, 77).bytes.equals(archiveMutant(SEED, 77).bytes)).toBe(true);
  expect(archiveMutant(SEED, 77).bytes.equals(archiveMutant(SEED + 1, 77).bytes)).toBe(false);
});
