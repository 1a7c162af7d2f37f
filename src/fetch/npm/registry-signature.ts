import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { CodexRuntimeError } from '../../errors.ts';
import { isJsonObject } from '../../json.ts';
import { type UnavailableReason, unavailableReason } from '../http/index.ts';
import type { Registry } from './registry.ts';

/** A key with which a registry signs the versions that it publishes. */
export interface RegistryKey {
  /** `SHA256:…` */
  readonly id: string;
  readonly key: KeyObject;
  /** Milliseconds since the epoch; null for a key in use. What was signed before stays signed. */
  readonly expires: number | null;
}

/** What a registry's signature is over, and the signatures that its document gives. */
export interface SignedVersion {
  readonly name: string;
  readonly version: string;
  /** `dist.integrity`, to the letter. */
  readonly integrity: string;
  /** `dist.signatures`, unchecked. */
  readonly signatures: unknown;
  /** When it was published, in ms since the epoch, or null; asked only for a key that has expired. */
  readonly publishedAt: () => Promise<number | null>;
}

/** Why a registry's signature does not count; the `reason` field of its `SIGNATURE_INVALID`. */
type RegistryFault = 'signature' | 'unknown-key' | 'expired-key';

const SCHEME = 'ecdsa-sha2-nistp256';

/** Answers of registries that do not know the question. */
const NO_KEYS: readonly (UnavailableReason | null)[] = [
  'not-found',
  'refused',
  'unauthorized',
  'not-an-asset',
];

/**
 * The keys of the registry, or null where it has none that can be used: then there is nothing to
 * check. Source: https://docs.npmjs.com/about-registry-signatures
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when it cannot say now, `ABORTED`
 */
export async function loadRegistryKeys(
  registry: Registry,
  signal?: AbortSignal,
): Promise<readonly RegistryKey[] | null> {
  try {
    const document = await registry.getJson('-/npm/v1/keys', signal ? { signal } : {});
    const listed =
      isJsonObject(document) && Array.isArray(document['keys']) ? document['keys'] : [];
    const keys = listed.flatMap(readKey);
    return keys.length === 0 ? null : keys;
  } catch (error) {
    if (NO_KEYS.includes(unavailableReason(error))) return null;
    throw error;
  }
}

/**
 * The id of the registry's key that vouches for this version with this integrity. Each signature by
 * a known key has to be right, and one by a key that was in use then there has to be.
 * @throws CodexRuntimeError `SIGNATURE_MISSING`; `SIGNATURE_INVALID` with `fields.reason`
 * `unknown-key`, `expired-key` or `signature`
 */
export async function vouchingKey(
  signed: SignedVersion,
  keys: readonly RegistryKey[],
): Promise<string> {
  const { name, version, integrity } = signed;
  const signatures = readSignatures(signed.signatures);
  if (signatures.length === 0) throw missing(signed);
  const statement = Buffer.from(`${name}@${version}:${integrity}`);
  let fault: RegistryFault = 'unknown-key';
  let vouching: string | undefined;
  for (const { keyid, sig } of signatures) {
    const key = keys.find(({ id }) => id === keyid);
    if (key === undefined) continue;
    if (!verify('sha256', statement, key.key, sig)) throw invalid(signed, 'signature', keyid);
    if (await wasInUse(key, signed)) vouching ??= keyid;
    else fault = 'expired-key';
  }
  if (vouching !== undefined) return vouching;
  throw invalid(signed, fault, signatures.map(({ keyid }) => keyid).join(', '));
}

async function wasInUse({ expires }: RegistryKey, signed: SignedVersion): Promise<boolean> {
  if (expires === null || expires > Date.now()) return true;
  const publishedAt = await signed.publishedAt();
  return publishedAt !== null && publishedAt < expires;
}

function readKey(value: unknown): RegistryKey[] {
  if (!isJsonObject(value) || typeof value['keyid'] !== 'string') return [];
  const { keyid, key, keytype, scheme, expires } = value;
  if (keytype !== SCHEME || scheme !== SCHEME || typeof key !== 'string') return [];
  try {
    const der = Buffer.from(key, 'base64');
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return [{ id: keyid, key: publicKey, expires: readExpiry(expires) }];
  } catch {
    // Keys that cannot be read are skipped.
    return [];
  }
}

/** A date that cannot be read is long past: it does not make a key last forever. */
function readExpiry(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? 0 : at;
}

function readSignatures(value: unknown): { keyid: string; sig: Buffer }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    if (!isJsonObject(entry)) return [];
    const { keyid, sig } = entry;
    if (typeof keyid !== 'string' || typeof sig !== 'string') return [];
    return [{ keyid, sig: Buffer.from(sig, 'base64') }];
  });
}

const HINT =
  'Do not use it. Ask the operator of the registry, or choose another channel with --source.';

function missing({ name, version }: SignedVersion): CodexRuntimeError {
  return new CodexRuntimeError(
    'SIGNATURE_MISSING',
    `The registry signs its packages, but not ${name}@${version}.`,
    { hint: HINT, fields: { channel: 'npm', package: name, version } },
  );
}

function invalid(
  { name, version }: SignedVersion,
  reason: RegistryFault,
  keyid: string,
): CodexRuntimeError {
  return new CodexRuntimeError(
    'SIGNATURE_INVALID',
    `The registry's signature of ${name}@${version} is not valid: ${REASONS[reason]} (${keyid}).`,
    { hint: HINT, fields: { channel: 'npm', package: name, version, reason, keyid } },
  );
}

const REASONS: Readonly<Record<RegistryFault, string>> = {
  signature: 'it does not match the package',
  'unknown-key': 'it was not made with a key of the registry',
  'expired-key': 'its key was no longer in use when the version was published',
};
