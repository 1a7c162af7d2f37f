import { describe, expect, test } from 'vitest';
import { type Environment, settingsFor, settingsFrom } from '../../src/request/settings.ts';

const PROCESS = { cwd: '/work', host: { platform: 'linux', arch: 'x64' } };
const github = (env: Environment, repo?: string) =>
  settingsFrom(env, PROCESS, repo === undefined ? {} : { repo }).github;

describe('GitHub settings', () => {
  test('lead to github.com where nothing is set', () => {
    expect(github({})).toEqual({
      apiUrl: 'https://api.github.com',
      serverUrl: 'https://github.com',
      repo: 'openai/codex',
      token: null,
      tokenName: null,
    });
    expect(github({ GH_HOST: 'github.com', GITHUB_API_URL: '' })).toEqual(github({}));
  });

  test('lead to an enterprise server by GH_HOST', () => {
    expect(github({ GH_HOST: 'Code.Example.com:8443' })).toMatchObject({
      apiUrl: 'https://code.example.com:8443/api/v3',
      serverUrl: 'https://code.example.com:8443',
    });
  });

  test('take explicit URLs first, without trailing slashes', () => {
    expect(
      github({
        GH_HOST: 'code.example.com',
        GITHUB_API_URL: 'http://127.0.0.1:1/api/',
        GITHUB_SERVER_URL: 'http://127.0.0.1:1/',
      }),
    ).toMatchObject({ apiUrl: 'http://127.0.0.1:1/api', serverUrl: 'http://127.0.0.1:1' });
  });

  test.each<[Environment, string | null]>([
    [{ GH_TOKEN: 'a', GITHUB_TOKEN: 'b' }, 'a'],
    [{ GH_TOKEN: '', GITHUB_TOKEN: 'b' }, 'b'],
    [{ GH_TOKEN: ' \n', GITHUB_TOKEN: 'b\r\n' }, 'b'],
    [{ GH_TOKEN: 'a', GITHUB_API_URL: 'https://code.example.com/api/v3' }, 'a'],
    [{ GH_TOKEN: 'a', GH_HOST: 'team.ghe.com' }, 'a'],
    [{ GH_TOKEN: 'a', GH_HOST: 'code.example.com' }, null],
    [{ GH_TOKEN: 'a', GH_ENTERPRISE_TOKEN: 'c', GH_HOST: 'code.example.com' }, 'c'],
    [{ GITHUB_ENTERPRISE_TOKEN: 'd', GH_HOST: 'code.example.com' }, 'd'],
    [{ GH_ENTERPRISE_TOKEN: 'c' }, null],
  ])('of %j have the token %s', (env, token) => {
    expect(github(env).token).toBe(token);
  });

  test.each(['codex', 'a/b/c', '../..', 'a/..', './b', 'a/b?c', 'a/b c', '-a/b', '/', ''])(
    'refuse %j as a repository',
    (repo) => {
      expect(() => github({}, repo)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );

  test('have one spelling of a repository', () => {
    expect(github({}, 'OpenAI/Codex').repo).toBe('openai/codex');
  });

  test.each<Environment>([
    { GH_HOST: 'https://code.example.com' },
    { GH_HOST: 'code.example.com/path' },
    { GH_HOST: 'user@code.example.com' },
    { GITHUB_API_URL: 'code.example.com' },
    { GITHUB_SERVER_URL: 'file:///etc' },
    { CODEX_RUNTIME_MIRROR_URL: 'mirror' },
  ])('refuse %j once it is needed', (env) => {
    const settings = settingsFrom(env, PROCESS);
    const used = () => [settings.github.apiUrl, settings.github.serverUrl, settings.mirrorUrl];
    expect(used).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('are the same for another repository but for its name, with nothing judged', () => {
    const env = { GH_HOST: 'not a host', CODEX_RUNTIME_MIRROR_URL: 'mirror', GH_TOKEN: 'a' };
    const settings = settingsFrom(env, PROCESS);
    const other = settingsFor(settings, 'acme/codex');
    expect(other.github.repo).toBe('acme/codex');
    expect(other.home).toBe(settings.home);
    expect(() => other.mirrorUrl).toThrow('CODEX_RUNTIME_MIRROR_URL');
    expect(() => other.github.token).toThrow('GH_HOST');
  });
});

describe('the base of an API', () => {
  const surroundings = { cwd: '/', host: { platform: 'linux', arch: 'x64' } };
  const apiUrl = (text: string) =>
    settingsFrom({ GITHUB_API_URL: text }, surroundings).github.apiUrl;

  test.each([
    ['https://ghe.test/api/v3//', 'https://ghe.test/api/v3'],
    ['HTTPS://GHE.Test:8443', 'https://ghe.test:8443'],
    [' https://ghe.test ', 'https://ghe.test'],
    ['', 'https://api.github.com'],
  ])('%j is %s', (text, expected) => {
    expect(apiUrl(text)).toBe(expected);
  });

  test.each([
    'ghe.test',
    'https://u:canary@ghe.test',
    'https://ghe.test/?a',
    'https://ghe.test/#a',
  ])('%s is refused, and not shown', (text) => {
    expect(() => apiUrl(text)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.not.stringContaining('canary') }),
    );
  });
});
