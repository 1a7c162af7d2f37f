import { describe, expect, it } from 'vitest';
import { parseMemberName } from '../../src/extract/member-name.ts';

describe('parseMemberName', () => {
  it.each([
    ['bin/codex', 'file', ['bin', 'codex']],
    ['./bin/codex', 'file', ['bin', 'codex']],
    ['bin/', 'directory', ['bin']],
    ['bin', 'directory', ['bin']],
    ['./', 'directory', []],
    ['.', 'directory', []],
    ['bin/.hidden', 'file', ['bin', '.hidden']],
    ['bin/a b', 'file', ['bin', 'a b']],
    ['bin/größe', 'file', ['bin', 'größe']],
    ['bin/console', 'file', ['bin', 'console']],
    ['bin/com', 'file', ['bin', 'com']],
    ['bin/com10', 'file', ['bin', 'com10']],
    ['bin/nul-safe', 'file', ['bin', 'nul-safe']],
    ['bin/a~b', 'file', ['bin', 'a~b']],
    ['bin/libgst..so', 'file', ['bin', 'libgst..so']],
    ['bin/..a', 'file', ['bin', '..a']],
  ] as const)('reads %j (%s)', (name, kind, segments) => {
    expect(parseMemberName({ name, kind }, 512)).toEqual({ segments });
  });

  it.each([
    ['', 'directory', 'malformed-name'],
    ['/', 'directory', 'absolute-path'],
    ['bin//', 'directory', 'malformed-name'],
    ['./.', 'directory', 'malformed-name'],
    ['../', 'directory', 'traversal'],
    ['./', 'file', 'malformed-name'],
    ['bin/', 'file', 'malformed-name'],
    ['bin/\ud800', 'file', 'control-character'],
  ] as const)('refuses %j (%s) as %s', (name, kind, reason) => {
    expect(parseMemberName({ name, kind }, 512)).toEqual({ reason });
  });

  it('takes a path as long as the limit, and no longer', () => {
    expect(parseMemberName({ name: 'a/b', kind: 'file' }, 3)).toEqual({ segments: ['a', 'b'] });
    expect(parseMemberName({ name: 'a/bc', kind: 'file' }, 3)).toEqual({ reason: 'path-too-long' });
  });
});
