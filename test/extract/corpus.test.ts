import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Layout } from '../../src/asset.ts';
import type { RefusalReason } from '../../src/extract/index.ts';
import { failure } from '../support/failure.ts';
import { type Bench, openBench } from '../support/unpacking.ts';

const CORPUS = join(import.meta.dirname, '..', '..', '..', 'shared', 'corpus');
const LAYOUTS: readonly Layout[] = ['tree', 'bare', 'npm'];

/**
 * Archives of google/safearchive and astral-sh/tokio-tar. None holds a Codex runtime, so each is
 * refused in every layout; the reason is the first fault that it has.
 */
const EXPECTED: Readonly<Record<string, RefusalReason>> = {
  'safearchive/tar/case-insensitive.tar': 'hard-or-symbolic-link',
  'safearchive/tar/specialfiles.tar': 'special-file',
  'safearchive/tar/specialmodes.tar': 'special-mode',
  'safearchive/tar/traverse-slash-at-the-end.tar': 'hard-or-symbolic-link',
  'safearchive/tar/traverse-via-links.tar': 'hard-or-symbolic-link',
  'safearchive/tar/traverse.tar': 'outside-tree',
  'safearchive/tar/winshort.tar': 'outside-tree',
  'safearchive/tar/xattr.tar': 'outside-tree',
  'safearchive/zip/archive.zip': 'traversal',
  'safearchive/zip/case-insensitive.zip': 'hard-or-symbolic-link',
  'safearchive/zip/specialmodes.zip': 'special-mode',
  'safearchive/zip/symlinks.zip': 'hard-or-symbolic-link',
  'safearchive/zip/symlinks2.zip': 'hard-or-symbolic-link',
  'safearchive/zip/symlinks3.zip': 'hard-or-symbolic-link',
  'safearchive/zip/winshort.zip': 'outside-tree',
  'tokio-tar/7z_long_path.tar': 'outside-tree',
  'tokio-tar/diff-014-unterminated-pax.tar': 'corrupt',
  'tokio-tar/diff-024-pending-pax-boundary.tar': 'ambiguous',
  'tokio-tar/diff-039-truncated-entry-body.tar': 'outside-tree',
  'tokio-tar/directory.tar': 'outside-tree',
  'tokio-tar/duplicate_dirs.tar': 'outside-tree',
  'tokio-tar/empty_filename.tar': 'control-character',
  'tokio-tar/file_times.tar': 'outside-tree',
  'tokio-tar/link.tar': 'hard-or-symbolic-link',
  'tokio-tar/pax-header-precedence.tar': 'outside-tree',
  'tokio-tar/pax-hidden-entry.tar': 'outside-tree',
  'tokio-tar/pax-overrides-extension-header.tar': 'outside-tree',
  'tokio-tar/pax-phantom-entry.tar': 'outside-tree',
  'tokio-tar/pax.tar': 'outside-tree',
  'tokio-tar/pax2.tar': 'outside-tree',
  'tokio-tar/paxlongname.tar': 'outside-tree',
  'tokio-tar/reading_files.tar': 'outside-tree',
  'tokio-tar/simple.tar': 'outside-tree',
  'tokio-tar/simple_missing_last_header.tar': 'outside-tree',
  'tokio-tar/spaces.tar': 'outside-tree',
  'tokio-tar/sparse-1.tar': 'sparse-file',
  'tokio-tar/sparse-large.tar': 'sparse-file',
  'tokio-tar/sparse.tar': 'sparse-file',
  'tokio-tar/xattrs.tar': 'outside-tree',
};

/** A tree may have a readme at its top; the next member is the one that is refused then. */
const IN_A_TREE: Readonly<Record<string, RefusalReason>> = {
  'safearchive/tar/traverse.tar': 'absolute-path',
};

function cases(layout: Layout) {
  const expected = { ...EXPECTED, ...(layout === 'tree' ? IN_A_TREE : {}) };
  return Object.entries(expected).map(([file, reason]) => [file, layout, reason] as const);
}

const missing = !existsSync(CORPUS);
const note = missing ? ' (skipped: their archives are not beside this clone)' : '';

describe.skipIf(missing)(`the corpora${note}`, () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it('are all in the table', async () => {
    const files = await readdir(CORPUS, { recursive: true });
    const archives = files.filter((file) => /\.(tar|zip)$/.test(file)).toSorted();
    expect(archives).toEqual(Object.keys(EXPECTED).toSorted());
  });

  it.each(LAYOUTS.flatMap(cases))('%s as %s is refused: %s', async (file, layout, reason) => {
    const content = await readFile(join(CORPUS, file));
    const isZip = file.endsWith('.zip');
    const archive = isZip ? content : gzipSync(content, { level: 1 });
    const error = await failure(
      bench.unpack(archive, { layout, format: isZip ? 'zip' : 'tar.gz' }),
    );
    expect(error.fields['reason']).toBe(reason);
    expect(error.code).toBe('ARCHIVE_REFUSED');
    expect(await bench.canary.changes()).toEqual([]);
    expect(await bench.openFiles()).toEqual([]);
  });
});
