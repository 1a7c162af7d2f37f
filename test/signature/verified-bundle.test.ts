import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseVersion } from '../../src/pin/version.ts';
import { releaseSigner, type Signer } from '../../src/request/index.ts';
import { loadTrustMaterial } from '../../src/signature/trusted-root.ts';
import { verifiedBundle } from '../../src/signature/verified-bundle.ts';
import { failure } from '../support/failure.ts';
import { LINUX } from '../support/resolve-request.ts';
import {
  type BundleDocument,
  CODEX_SIGNER,
  createSigningAuthority,
  type LegacyDocument,
  type SigningAuthority,
} from '../support/signing-authority.ts';
import { tempDir } from '../support/temp-dir.ts';

const VERSION = parseVersion('0.115.0');
const SUBJECT = { version: VERSION, target: LINUX };
const CONTENT = Buffer.from('#!/bin/sh\necho codex-cli 0.115.0\n');
const BUNDLE = 'codex-x86_64-unknown-linux-musl.sigstore';

let authority: SigningAuthority;
beforeAll(async () => {
  authority = await createSigningAuthority();
});

interface Case {
  readonly content?: Buffer;
  readonly signer?: Signer;
  readonly trustedBy?: SigningAuthority;
}

/** Verifies `document` over a file with `content`. */
async function verify(document: object | string, { content = CONTENT, ...more }: Case = {}) {
  const dir = await tempDir();
  const path = join(dir, 'codex');
  await writeFile(path, content);
  const trustedRoot = await (more.trustedBy ?? authority).writeTrustedRoot(dir);
  return await verifiedBundle({
    ...SUBJECT,
    fetched: {
      name: BUNDLE,
      over: 'entrypoint',
      text: typeof document === 'string' ? document : JSON.stringify(document),
    },
    file: { path, sha256: createHash('sha256').update(content).digest('hex') },
    signer: more.signer ?? CODEX_SIGNER,
    trust: await loadTrustMaterial({ trustedRoot, home: dir }, SUBJECT),
  });
}

async function fault(document: object | string, how: Case = {}): Promise<unknown> {
  const error = await failure(verify(document, how));
  expect(error.code).toBe('SIGNATURE_INVALID');
  expect(error.fields).toMatchObject({ version: '0.115.0', bundle: BUNDLE });
  return error.fields['reason'];
}

const FORMATS = ['legacyBundle', 'bundle'] as const;

describe.each(FORMATS)('a %s', (format) => {
  const made = (signing: Partial<Parameters<SigningAuthority['bundle']>[0]> = {}) =>
    authority[format]({ content: CONTENT, ...signing });

  test('by the release workflow over these bytes is verified', async () => {
    expect(await verify(await made())).toEqual({
      ...CODEX_SIGNER,
      over: 'entrypoint',
      bundle: BUNDLE,
      integratedTime: expect.stringMatching(/^20\d\d-.*Z$/),
      logIndex: expect.any(Number),
    });
  });

  test('over other bytes is refused with both digests', async () => {
    const error = await failure(verify(await made({ content: Buffer.from('other') })));
    expect(error.fields).toMatchObject({
      reason: 'digest',
      expected: createHash('sha256').update(CONTENT).digest('hex'),
      actual: createHash('sha256').update('other').digest('hex'),
    });
  });

  test.each<[string, Signer]>([
    ['another repository', releaseSigner('mallory/codex', VERSION)],
    ["another version's tag", releaseSigner('openai/codex', parseVersion('0.114.0'))],
    ['a tag that this one begins with', releaseSigner('openai/codex', parseVersion('0.115.0-a.1'))],
    [
      'another workflow',
      { ...CODEX_SIGNER, identity: CODEX_SIGNER.identity.replace('rust-release', 'ci') },
    ],
    ['a branch', { ...CODEX_SIGNER, identity: CODEX_SIGNER.identity.replace('tags', 'heads') }],
    ['another issuer', { ...CODEX_SIGNER, issuer: 'https://accounts.example.com' }],
    [
      'a name that matches as a pattern',
      { ...CODEX_SIGNER, identity: `${CODEX_SIGNER.identity}1` },
    ],
  ])('by %s is refused', async (_who, signer) => {
    expect(await fault(await made({ signer }))).toBe('identity');
  });

  test("by a fork's workflow is verified for that fork", async () => {
    const signer = releaseSigner('acme/codex', VERSION);
    expect(await verify(await made({ signer }), { signer })).toMatchObject(signer);
  });

  test('is verified whichever letter case names the repository', async () => {
    const theirs = { ...CODEX_SIGNER, identity: CODEX_SIGNER.identity.replace('openai', 'OpenAI') };
    expect(await verify(await made({ signer: theirs }))).toMatchObject(theirs);
  });

  test('by a tag in another letter case is refused', async () => {
    const identity = CODEX_SIGNER.identity.replace('rust-v', 'Rust-v');
    expect(await fault(await made({ signer: { ...CODEX_SIGNER, identity } }))).toBe('identity');
  });

  test('from an authority that is not trusted is refused', async () => {
    const trustedBy = await createSigningAuthority();
    expect(await fault(await made(), { trustedBy })).toBe('chain');
  });

  test('whose certificate is in no certificate log is refused', async () => {
    const trustedBy = await createSigningAuthority({ certificateLog: false });
    const document = await trustedBy[format]({ content: CONTENT });
    expect(await fault(document, { trustedBy })).toBe('chain');
  });

  test('made when its certificate had expired is refused', async () => {
    expect(await fault(await made({ loggedAfter: 30 }))).toBe('chain');
  });
});

describe('a legacyBundle', () => {
  const tampered = async (tamper: (document: LegacyDocument) => void) => {
    const document = await authority.legacyBundle({ content: CONTENT });
    tamper(document);
    return fault(document);
  };

  test('whose log promise was tampered with is refused', async () => {
    const reason = await tampered(({ rekorBundle }) => {
      rekorBundle.SignedEntryTimestamp = flipLast(rekorBundle.SignedEntryTimestamp);
    });
    expect(reason).toBe('tlog');
  });

  test.each(['integratedTime', 'logIndex'] as const)(
    'whose %s was changed is refused',
    async (field) => {
      const reason = await tampered(({ rekorBundle }) => {
        rekorBundle.Payload[field] += 1;
      });
      expect(reason).toBe('tlog');
    },
  );

  test('whose logged digest was changed to fit other bytes is refused', async () => {
    const document = await authority.legacyBundle({ content: Buffer.from('other') });
    const { Payload } = document.rekorBundle;
    const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');
    Payload.body = recode(Payload.body, (text) => text.replace(sha256('other'), sha256(CONTENT)));
    expect(await fault(document)).toBe('tlog');
  });

  test('with the signature of another file is refused', async () => {
    const other = await authority.legacyBundle({ content: Buffer.from('other') });
    const reason = await tampered((document) => {
      document.base64Signature = other.base64Signature;
    });
    expect(reason).toBe('tlog');
  });

  test.each<[string, (document: LegacyDocument) => void]>([
    ['a certificate that is none', (document) => (document.cert = 'AAAA')],
    ['a broken certificate', (document) => (document.cert = recode(document.cert, cutMiddle))],
    ['no log entry', ({ rekorBundle }) => (rekorBundle.Payload.body = 'e30=')],
    ['a log entry that is no JSON', ({ rekorBundle }) => (rekorBundle.Payload.body = 'AAAA')],
  ])('with %s is malformed', async (_what, tamper) => {
    expect(await tampered(tamper)).toBe('malformed');
  });
});

describe('a bundle', () => {
  const tampered = async (tamper: (document: BundleDocument) => void) => {
    const document = await authority.bundle({ content: CONTENT });
    tamper(document);
    return fault(document);
  };

  test('whose time is from a timestamp authority is verified', async () => {
    const document = await authority.timestampedBundle({ content: CONTENT });
    expect(await verify(document)).toMatchObject({ ...CODEX_SIGNER, integratedTime: null });
  });

  test.each<[string, string, (document: BundleDocument) => void]>([
    [
      'no log entry',
      'timestamp',
      ({ verificationMaterial }) => {
        verificationMaterial.tlogEntries = [];
      },
    ],
    [
      'a time that nobody vouches for',
      'timestamp',
      ({ verificationMaterial }) => {
        for (const entry of verificationMaterial.tlogEntries) delete entry.inclusionPromise;
      },
    ],
    [
      'another root hash in its log',
      'tlog',
      ({ verificationMaterial: { tlogEntries } }) => {
        for (const entry of tlogEntries)
          entry.canonicalizedBody = recode(entry.canonicalizedBody, (text) => `${text} `);
      },
    ],
    [
      'a key in place of a certificate',
      'malformed',
      ({ verificationMaterial }) => {
        delete verificationMaterial.certificate;
        verificationMaterial.publicKey = { hint: 'mine' };
      },
    ],
    [
      'a digest that is not SHA-256',
      'malformed',
      ({ messageSignature }) => {
        messageSignature.messageDigest.algorithm = 'SHA2_512';
      },
    ],
    [
      'a media type of another format',
      'malformed',
      (document) => {
        document.mediaType = 'application/json';
      },
    ],
  ])('with %s is refused: %s', async (_what, reason, tamper) => {
    expect(await tampered(tamper)).toBe(reason);
  });

  test('that states the digest of these bytes, but was logged for others, is refused', async () => {
    const document = await authority.bundle({ content: Buffer.from('other') });
    const { messageDigest } = document.messageSignature;
    messageDigest.digest = createHash('sha256').update(CONTENT).digest('base64');
    expect(await fault(document)).toBe('tlog');
  });

  test('with a provenance statement about these bytes is verified, about others refused', async () => {
    const sha256 = createHash('sha256').update(CONTENT).digest('hex');
    expect(await verify(await authority.attestation({ digest: { sha256 } }))).toMatchObject(
      CODEX_SIGNER,
    );
    const other = await authority.attestation({ digest: { sha256: '0'.repeat(64) } });
    expect(await fault(other)).toBe('digest');
    const signer = { ...CODEX_SIGNER, issuer: 'https://accounts.example.com' };
    const foreign = await authority.attestation({ digest: { sha256 }, signer });
    expect(await fault(foreign)).toBe('identity');
  });

  test('with an envelope that says something else is refused by the name of its format', async () => {
    const { messageSignature, ...rest } = await authority.bundle({ content: CONTENT });
    const envelope = {
      payload: Buffer.from('{}').toString('base64'),
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: messageSignature.signature, keyid: '' }],
    };
    const error = await failure(verify({ ...rest, dsseEnvelope: envelope }));
    expect(error.fields).toMatchObject({
      reason: 'format',
      format: 'a statement of type undefined',
    });
  });
});

test('a signature that another key made is refused although the log has it', async () => {
  const mine = await authority.bundle({ content: CONTENT });
  const other = await authority.bundle({ content: CONTENT });
  mine.verificationMaterial.certificate = other.verificationMaterial.certificate ?? {
    rawBytes: '',
  };
  expect(await fault(mine)).toBe('signature');
});

test.each(['bundle', 'legacyBundle'] as const)(
  'a %s that nests deeper than any is malformed, whatever else it says',
  async (format) => {
    const good = await authority[format]({ content: CONTENT });
    await verify({ ...good, more: [[]] });
    const deep = `{"more":${'['.repeat(101)}${']'.repeat(101)},${JSON.stringify(good).slice(1)}`;
    expect(await fault(deep)).toBe('malformed');
  },
);

test('a legacy bundle whose log entry nests deeper than any is malformed', async () => {
  const good = await authority.legacyBundle({ content: CONTENT });
  const change = (more: string) => {
    const { Payload: payload } = good.rekorBundle;
    const body = recode(payload.body, (text) => `{"more":${more},${text.slice(1)}`);
    return { ...good, rekorBundle: { ...good.rekorBundle, Payload: { ...payload, body } } };
  };
  expect(await fault(change('[]'))).not.toBe('malformed');
  expect(await fault(change(`${'['.repeat(101)}${']'.repeat(101)}`))).toBe('malformed');
});

test.each(['', 'null', '[]', '{}', '"text"', '{"base64Signature":1}', 'not JSON'])(
  'the text %j is no bundle',
  async (text) => {
    expect(await fault(text)).toBe('malformed');
  },
);

function flipLast(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes.toString('base64');
}

function recode(base64: string, change: (text: string) => string): string {
  return Buffer.from(change(Buffer.from(base64, 'base64').toString('latin1')), 'latin1').toString(
    'base64',
  );
}

/** Takes a line out of a PEM: still PEM, no longer a certificate. */
function cutMiddle(pem: string): string {
  return pem.split('\n').toSpliced(3, 1).join('\n');
}
