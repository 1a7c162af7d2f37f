import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishesByIdentity, withRegistry } from '../../../src/package/publish/surroundings.ts';
import { tempDir } from '../../support/temp-dir.ts';

const IDENTITY = { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'jwt' };

async function decide(npmrc: string, env: Readonly<Record<string, string>>) {
  const dir = await tempDir();
  const userconfig = join(dir, '.npmrc');
  await writeFile(userconfig, npmrc);
  return publishesByIdentity({ cwd: dir, env: { ...env, npm_config_userconfig: userconfig } });
}

describe('publishesByIdentity', () => {
  it.each([
    ['without an identity', '', {}, false],
    ['with an identity alone', '', IDENTITY, true],
    ['with one of GitLab', '', { NPM_ID_TOKEN: 'jwt' }, true],
    ['with a token too', '//r.example/:_authToken=secret\n', IDENTITY, false],
    ['with a password too', '//r.example/:_password=c2VjcmV0\n', IDENTITY, false],
    [
      'with what setup-node writes for no token',
      '//r.example/:_authToken=\x24{NODE_AUTH_TOKEN}\n',
      { ...IDENTITY, NODE_AUTH_TOKEN: 'XXXXX-XXXXX-XXXXX-XXXXX' },
      true,
    ],
    [
      'with a variable that is not set',
      '//r.example/:_authToken=\x24{NODE_AUTH_TOKEN}\n',
      IDENTITY,
      true,
    ],
  ] as const)('%s', async (_, npmrc, env, expected) => {
    expect(await decide(npmrc, env)).toBe(expected);
  });
});

it('a named registry also counts for the scope', () => {
  const around = { cwd: '/', env: { HOME: '/root' } };
  expect(withRegistry(around, 'codex', undefined)).toEqual(around);
  expect(withRegistry(around, '@example/codex', 'https://r.example/').env).toEqual({
    HOME: '/root',
    npm_config_registry: 'https://r.example/',
    'npm_config_@example:registry': 'https://r.example/',
  });
});

it('a named registry that is no URL is refused as what was named, without its text', () => {
  for (const text of ['canary', 'ftp://me:canary@r.example']) {
    expect(() => withRegistry({ cwd: '/', env: {} }, 'codex', text)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.not.stringContaining('canary'),
        hint: expect.stringContaining('--registry'),
      }),
    );
  }
});
