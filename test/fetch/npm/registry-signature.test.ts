import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { npmChannel } from '../../../src/channels/npm.ts';
import { createRegistry } from '../../../src/fetch/npm/index.ts';
import { parseVersion } from '../../../src/pin/version.ts';
import { failure } from '../../support/failure.ts';
import { startServer } from '../../support/fault-server.ts';
import { LINUX } from '../../support/resolve-request.ts';
import { tempDir } from '../../support/temp-dir.ts';

const BUILD = '0.115.0-linux-x64';
const INTEGRITY = `sha512-${createHash('sha512').update('tarball').digest('base64')}`;
const SCHEME = 'ecdsa-sha2-nistp256';

interface Signer {
  readonly id: string;
  readonly listed: Readonly<Record<string, unknown>>;
  sign(statement?: string): { keyid: string; sig: string };
}

function signer(id: string, expires: string | null = null): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    id,
    listed: { keyid: id, key: spki(publicKey), keytype: SCHEME, scheme: SCHEME, expires },
    sign: (statement = `@openai/codex@${BUILD}:${INTEGRITY}`) => ({
      keyid: id,
      sig: sign('sha256', Buffer.from(statement), privateKey).toString('base64'),
    }),
  };
}

function spki(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64');
}

interface Answers {
  /** Status or document of the keys. */
  readonly keys: number | string | object;
  readonly signatures?: unknown;
  /** When the build was published. */
  readonly published?: string;
}

/** The asset that the npm channel gives for the build of a registry with these answers. */
async function ask({ keys, signatures, published }: Answers) {
  const home = await tempDir();
  await using server = await startServer((request, response) => {
    const tarball = `${server.url}/npm/codex.tgz`;
    const answers: Readonly<Record<string, unknown>> = {
      [`/npm/@openai%2fcodex/${BUILD}`]: {
        version: BUILD,
        dist: { tarball, integrity: INTEGRITY, signatures },
      },
      '/npm/-/npm/v1/keys': keys,
      '/npm/@openai%2fcodex': { time: { [BUILD]: published } },
    };
    const answer = answers[request.url ?? ''] ?? 404;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  const settings = {
    env: { HOME: home, npm_config_registry: `${server.url}/npm/` },
    cwd: home,
    npmPackage: '@openai/codex',
  };
  const channel = npmChannel(settings, createRegistry(settings, { retry: { pause: 1 } }));
  const release = await channel.release(parseVersion('0.115.0'), [LINUX]);
  const urls = server.requests.map(({ url }) => url);
  return { digest: release.assets[0]?.digests[0], urls };
}

describe("a registry's signature", () => {
  test('by a key that it publishes is verified, and the key is named', async () => {
    const key = signer('SHA256:one');
    const { digest } = await ask({ keys: { keys: [key.listed] }, signatures: [key.sign()] });
    expect(digest).toMatchObject({ origin: 'npm', registryKey: 'SHA256:one' });
  });

  test.each<[string, Answers['keys']]>([
    ['answers 404', 404],
    ['answers 403', 403],
    ['answers with a web page', '<html>'],
    ['answers with nothing', 'null'],
    ['answers with something else', { keys: 'none' }],
    ['lists a key without a name', { keys: [{ ...signer('x').listed, keyid: 1 }, null] }],
    ['lists no key', { keys: [] }],
    ['lists a key of another kind', { keys: [{ ...signer('x').listed, scheme: 'rsa' }] }],
    ['lists a key that cannot be read', { keys: [{ ...signer('x').listed, key: 'AAAA' }] }],
  ])('is not looked for where the registry %s', async (_what, keys) => {
    expect((await ask({ keys })).digest).toMatchObject({ origin: 'npm', registryKey: null });
  });

  test('is not passed over where the registry cannot say now', async () => {
    const error = await failure(ask({ keys: 503 }));
    expect(error.code).toBe('SOURCE_UNAVAILABLE');
  });

  test.each([
    ['absent', undefined],
    ['empty', []],
    ['malformed', [{ keyid: 1, sig: 'AAAA' }, { keyid: 'k' }, 'x', null]],
  ])('that is %s although the registry has keys is missing', async (_what, signatures) => {
    const error = await failure(ask({ keys: { keys: [signer('k').listed] }, signatures }));
    expect(error.code).toBe('SIGNATURE_MISSING');
    expect(error.exitStatus).toBe(6);
  });

  test.each([
    ['another version', `@openai/codex@0.114.0-linux-x64:${INTEGRITY}`],
    ['another package', `@evil/codex@${BUILD}:${INTEGRITY}`],
    ['other bytes', `@openai/codex@${BUILD}:sha512-AAAA`],
  ])('over %s is invalid', async (_what, statement) => {
    const key = signer('k');
    const error = await failure(
      ask({ keys: { keys: [key.listed] }, signatures: [key.sign(statement)] }),
    );
    expect(error.code).toBe('SIGNATURE_INVALID');
    expect(error.fields).toMatchObject({ reason: 'signature', keyid: 'k', version: BUILD });
  });

  test('by a key that the registry does not publish is invalid', async () => {
    const error = await failure(
      ask({ keys: { keys: [signer('k').listed] }, signatures: [signer('other').sign()] }),
    );
    expect(error.fields['reason']).toBe('unknown-key');
  });

  test('that is wrong is invalid although another one is right', async () => {
    const [one, two] = [signer('one'), signer('two')];
    const error = await failure(
      ask({
        keys: { keys: [one.listed, two.listed] },
        signatures: [one.sign(), two.sign('something else')],
      }),
    );
    expect(error.fields).toMatchObject({ reason: 'signature', keyid: 'two' });
  });
});

describe('a key that has expired', () => {
  const old = signer('old', '2025-01-29T00:00:00.000Z');
  const answers = { keys: { keys: [old.listed] }, signatures: [old.sign()] };

  test('vouches for what was published before', async () => {
    const { digest } = await ask({ ...answers, published: '2025-01-28T00:00:00.000Z' });
    expect(digest).toMatchObject({ registryKey: 'old' });
  });

  test.each(['2025-01-30T00:00:00.000Z', 'some day', undefined])(
    'does not vouch for what was published on %s',
    async (published) => {
      const error = await failure(ask({ ...answers, ...(published ? { published } : {}) }));
      expect(error.fields['reason']).toBe('expired-key');
    },
  );

  test('is no reason to ask for the list of all versions while it is in use', async () => {
    const key = signer('next', '2999-01-01T00:00:00.000Z');
    const { urls } = await ask({ keys: { keys: [key.listed] }, signatures: [key.sign()] });
    expect(urls).toEqual([`/npm/@openai%2fcodex/${BUILD}`, '/npm/-/npm/v1/keys']);
  });

  test('is none that has no date', async () => {
    const key = signer('k');
    const { expires: _, ...listed } = key.listed;
    const { digest } = await ask({ keys: { keys: [listed] }, signatures: [key.sign()] });
    expect(digest).toMatchObject({ registryKey: 'k' });
  });

  test('whose date cannot be read is no key for ever', async () => {
    const key = signer('k', 'never');
    const error = await failure(
      ask({ keys: { keys: [key.listed] }, signatures: [key.sign()], published: '2025-01-28' }),
    );
    expect(error.fields['reason']).toBe('expired-key');
  });
});
