import { describe, expect, it } from 'vitest';
import { repositoryUrl } from '../../../src/package/stage/repository-url.ts';

describe('repositoryUrl', () => {
  it.each([
    [undefined, 'https://github.com/openai/codex'],
    ['https://github.com/example/fork', 'https://github.com/example/fork'],
    ['https://github.com/example/fork/', 'https://github.com/example/fork'],
    ['git+https://github.com/example/fork.git', 'https://github.com/example/fork'],
    ['https://github.com/example/fork.git/', 'https://github.com/example/fork'],
    ['http://git.example/fork', 'http://git.example/fork'],
    ['ssh://git@github.com/example/fork.git', 'ssh://git@github.com/example/fork'],
    ['git+ssh://git@github.com/example/fork.git', 'ssh://git@github.com/example/fork'],
    ['git@github.com:example/fork.git', 'ssh://git@github.com/example/fork'],
    ['example/fork', 'https://github.com/example/fork'],
    ['https://gitlab.example/a/b/c', 'https://gitlab.example/a/b/c'],
  ])('reads %s', (text, url) => {
    expect(repositoryUrl(text)).toBe(url);
  });

  it.each([
    '',
    'fork',
    'a/b/c',
    '../fork',
    './fork',
    '/srv/git/fork.git',
    'ftp://example.com/fork',
    'file:///srv/fork',
    'javascript:alert(1)',
    'https://',
    'https://github.com',
    'https://github.com/.git',
    'https://github.com/example/fork?tab=readme',
    'https://github.com/example/fork#main',
    'https://github.com/example/fork\nEvil: header',
    'https://github.com/example/fork name',
    'https://user@github.com/example/fork',
    'https://user:secret@github.com/example/fork',
    'ssh://git:secret@github.com/example/fork',
  ])('refuses %j, and repeats no secret', (text) => {
    try {
      repositoryUrl(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'USAGE', hint: expect.any(String) });
      expect(JSON.stringify(error)).not.toContain('secret');
      return;
    }
    expect.unreachable();
  });
});
