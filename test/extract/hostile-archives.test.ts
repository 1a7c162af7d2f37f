import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractRuntime } from '../../src/extract/index.ts';
import { failure } from '../support/failure.ts';
import { HOSTILE_TARS, type HostileArchive } from '../support/hostile-archives.ts';
import { hostileNames } from '../support/hostile-names.ts';
import { HOSTILE_ZIPS } from '../support/hostile-zips.ts';
import { type Bench, openBench } from '../support/unpacking.ts';

async function refusal(bench: Bench, { archive, pretence, limits }: HostileArchive) {
  const bytes = pretence?.format === 'zip' ? archive : gzipSync(archive, { level: 1 });
  const request = await bench.request(bytes, pretence);
  return await failure(extractRuntime({ ...request, ...(limits && { limits }) }));
}

const COLLECTIONS = [
  ['tar', HOSTILE_TARS],
  ['zip', HOSTILE_ZIPS],
  ['name', hostileNames()],
] as const;

describe.each(COLLECTIONS)('extractRuntime refuses a hostile %s', (_, archives) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it.each(archives.map((hostile) => [hostile.title, hostile] as const))(
    '%s',
    async (_, hostile) => {
      const error = await refusal(bench, hostile);
      expect(error.fields).toMatchObject({ reason: hostile.reason });
      expect(error.code).toBe('ARCHIVE_REFUSED');
      expect(error.fields).toHaveProperty('asset');
      expect(error.fields).toHaveProperty('member');
      expect(await bench.canary.changes()).toEqual([]);
      expect(await bench.openFiles()).toEqual([]);
    },
  );
});

it('knows more than 150 hostile archives', () => {
  const all = COLLECTIONS.flatMap(([, archives]) => archives);
  expect(new Set(all.map(({ archive }) => archive.toString('latin1'))).size).toBeGreaterThan(150);
});
