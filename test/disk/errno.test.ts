import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { errnoOf, ignoreMissing, isErrno } from '../../src/disk/errno.ts';

const named = (code: unknown) => Object.assign(new Error('refused'), { code });

describe('errnoOf', () => {
  it('tells the name that the error carries', () => {
    expect(errnoOf(named('ENOENT'))).toBe('ENOENT');
  });

  it('names a reached quota, for which libuv has no name', () => {
    const error = Object.assign(named('Unknown system error -122'), {
      errno: -constants.errno.EDQUOT,
    });
    expect(errnoOf(error)).toBe('EDQUOT');
  });

  it.each([new Error('plain'), named(7), { code: 'ENOENT' }, null, undefined])(
    'tells nothing of %s',
    (value) => {
      expect(errnoOf(value)).toBeUndefined();
    },
  );
});

describe('isErrno', () => {
  it('is true for any of the names', () => {
    expect(isErrno(named('ENOTDIR'), 'ENOENT', 'ENOTDIR')).toBe(true);
  });

  it('is false for another name, and for an error without one', () => {
    expect(isErrno(named('EACCES'), 'ENOENT', 'ENOTDIR')).toBe(false);
    expect(isErrno(new Error('plain'), 'ENOENT')).toBe(false);
  });
});

describe('ignoreMissing', () => {
  it('returns nothing for what is not there', () => {
    expect(ignoreMissing(named('ENOENT'))).toBeUndefined();
  });

  it('throws everything else again', () => {
    const error = named('EACCES');
    expect(() => ignoreMissing(error)).toThrow(error);
  });
});
