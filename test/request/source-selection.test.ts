import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSources, sourcesFor } from '../../src/request/source-selection.ts';

describe('sourcesFor', () => {
  test('asks every channel for upstream', () => {
    const all = [{ channel: 'github', sources: null }, { channel: 'mirror' }, { channel: 'npm' }];
    expect(sourcesFor(undefined, 'openai/codex')).toEqual(all);
  });

  test('asks GitHub alone for another repository, unless others are named for it', () => {
    expect(sourcesFor(undefined, 'owner/codex')).toEqual([{ channel: 'github', sources: null }]);
    expect(sourcesFor('npm,mirror', 'owner/codex')).toEqual([
      { channel: 'npm' },
      { channel: 'mirror' },
    ]);
  });
});

describe('parseSources', () => {
  test('reads the default order', () => {
    expect(parseSources('github, mirror ,npm')).toEqual(sourcesFor(undefined, 'openai/codex'));
  });

  test('asks neighbouring single sources of GitHub as one channel', () => {
    expect(parseSources('gh,api,npm,browser')).toEqual([
      { channel: 'github', sources: ['gh', 'api'] },
      { channel: 'npm' },
      { channel: 'github', sources: ['browser'] },
    ]);
  });

  test('reads a directory, with any path', () => {
    expect(parseSources('dir:/mnt/usb drive/codex:1,npm')).toEqual([
      { channel: 'dir', path: '/mnt/usb drive/codex:1' },
      { channel: 'npm' },
    ]);
  });

  test.each(['', ',', 'npm,', 'npm,npm', 'pypi', 'dir:', 'GitHub', 'dir:a\0b', 'constructor'])(
    'refuses %j',
    (text) => {
      expect(() => parseSources(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );

  test('keeps every named source in its order', () => {
    const names = ['github', 'mirror', 'npm', 'api', 'browser', 'gh', 'dir:x'];
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: 1 }), (list) => {
        const spelled = parseSources(list.join(',')).flatMap((choice): readonly string[] => {
          if (choice.channel === 'dir') return [`dir:${choice.path}`];
          if (choice.channel !== 'github') return [choice.channel];
          return choice.sources ?? ['github'];
        });
        expect(spelled).toEqual(list);
      }),
    );
  });
});

describe('a source that is mistyped', () => {
  test.each([
    ['nmp', 'npm'],
    ['GitHub,npm,mirorr', 'github'],
    ['miror', 'mirror'],
    ['dri:PATH', 'dir'],
  ])('%s is answered with %s', (text, meant) => {
    expect(() => parseSources(text)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        hint: expect.stringMatching(new RegExp(`^Did you mean ${meant}\\?`)),
      }),
    );
  });
});
