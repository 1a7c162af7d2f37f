import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseVersion } from '../../src/pin/version.ts';
import { loadTrustMaterial } from '../../src/signature/trusted-root.ts';
import { failure } from '../support/failure.ts';
import { LINUX } from '../support/resolve-request.ts';
import { createSigningAuthority } from '../support/signing-authority.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startTufRepository } from '../support/tuf-repository.ts';

const SUBJECT = { version: parseVersion('0.115.0'), target: LINUX };

describe('the built-in trusted root', () => {
  test("knows Sigstore's public certificate authority and logs", async () => {
    const trust = await loadTrustMaterial({ trustedRoot: null, home: '/nowhere' }, SUBJECT);
    expect(trust.tlogs.map(({ baseURL }) => baseURL)).toContain('https://rekor.sigstore.dev');
    expect(trust.certificateAuthorities.length).toBeGreaterThan(0);
    expect(trust.ctlogs.length).toBeGreaterThan(0);
  });
});

describe('a trusted root in a file', () => {
  test.each(['not JSON', '{"certificateAuthorities":7}', '[]{}'])(
    'that holds %j is a usage error',
    async (text) => {
      const trustedRoot = join(await tempDir(), 'root.json');
      await writeFile(trustedRoot, text);
      const error = await failure(loadTrustMaterial({ trustedRoot, home: '/nowhere' }, SUBJECT));
      expect(error.code).toBe('USAGE');
      expect(error.fields).toEqual({ trustedRoot });
    },
  );
});

describe('a trusted root from TUF', () => {
  async function repository() {
    const home = await tempDir();
    const authority = await createSigningAuthority();
    const target = await readFile(await authority.writeTrustedRoot(home));
    const tuf = await startTufRepository(target, home);
    const update = () =>
      loadTrustMaterial({ trustedRoot: 'tuf', home }, SUBJECT, {
        mirrorURL: tuf.server.url,
        rootPath: tuf.rootPath,
        retry: { retries: 0 },
      });
    return { tuf, update };
  }

  test('is brought up to date and used', async () => {
    const { tuf, update } = await repository();
    await using _ = tuf;
    const trust = await update();
    expect(trust.tlogs.map(({ baseURL }) => baseURL)).toEqual(['https://log.sigstore.mock']);
  });

  test('that is not what the repository signed is refused', async () => {
    const { tuf, update } = await repository();
    await using _ = tuf;
    tuf.forge(Buffer.from('{}'));
    expect((await failure(update())).code).toBe('SIGNATURE_UNREACHABLE');
  });

  test('that cannot be fetched is not replaced by the built-in one', async () => {
    const { tuf, update } = await repository();
    await tuf.server.close();
    expect((await failure(update())).code).toBe('SIGNATURE_UNREACHABLE');
  });
});
