import { describe, expect, it } from 'vitest';
import { parsePackManifest } from '../../../src/package/pack/index.ts';
import { failure } from '../../support/failure.ts';

const EMPTY = {
  schemaVersion: 1,
  name: 'codex-cli-bin',
  version: '1.2.3',
  files: [],
  runtimes: [],
};

const parse = async (text: string) => parsePackManifest(text, 'dist/manifest.json');

describe('parsePackManifest', () => {
  it('reads a manifest', async () => {
    expect(await parse(JSON.stringify(EMPTY))).toEqual(EMPTY);
  });

  it.each([
    ['no JSON', '{'],
    ['another schema', JSON.stringify({ ...EMPTY, schemaVersion: 2 })],
    ['more levels than any manifest has', nested(101)],
  ])('refuses %s', async (_, text) => {
    const error = await failure(parse(text));
    expect(error).toMatchObject({ code: 'DAMAGED', fields: { path: 'dist/manifest.json' } });
  });
});

function nested(levels: number): string {
  const more = `${'['.repeat(levels)}${']'.repeat(levels)}`;
  return JSON.stringify(EMPTY).replace('}', `,"more":${more}}`);
}
