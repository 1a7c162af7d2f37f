import { describe, expect, it } from 'vitest';
import { formatDigest, formatTable } from '../../src/cli/table.ts';

const ROWS = [
  ['version', 'target', 'directory'],
  ['1.2.3', 'x86_64-unknown-linux-musl', '/a/long/way/to/the/store/of/runtimes'],
  ['10.20.30', 'x86_64-apple-darwin', ''],
];

describe('a table', () => {
  it('has one line a row where lines may be as long as they are', () => {
    expect(formatTable(ROWS).split('\n')).toEqual([
      'version   target                     directory',
      '1.2.3     x86_64-unknown-linux-musl  /a/long/way/to/the/store/of/runtimes',
      '10.20.30  x86_64-apple-darwin',
    ]);
  });

  it('puts what a terminal has no room for on a line below its row, and cuts nothing', () => {
    expect(formatTable(ROWS, 40).split('\n')).toEqual([
      'version   target',
      '  directory',
      '1.2.3     x86_64-unknown-linux-musl',
      '  /a/long/way/to/the/store/of/runtimes',
      '10.20.30  x86_64-apple-darwin',
    ]);
  });

  it('stays on one line where it fits to the column', () => {
    expect(formatTable(ROWS, 73)).toBe(formatTable(ROWS));
    expect(formatTable(ROWS, 72)).not.toBe(formatTable(ROWS));
  });

  it('gives each column a line on a terminal that is narrower than any of them', () => {
    expect(formatTable([['one', 'two']], 1)).toBe('one\n  two');
  });
});

describe('a digest', () => {
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

  it('is whole for a program, and its beginning for somebody who looks at a terminal', () => {
    expect(formatDigest(digest, undefined)).toBe(digest);
    expect(formatDigest(digest, 80)).toBe('sha256:0123456789ab…');
  });
});
