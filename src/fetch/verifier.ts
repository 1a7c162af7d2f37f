import { createHash, type Hash } from 'node:crypto';
import type { Asset } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { ACCEPT_HINT } from './download-failure.ts';

/** Size and digests of an asset, taken in while its bytes pass by in order. */
export interface Verifier {
  /** Bytes so far. */
  readonly position: number;
  /** @throws CodexRuntimeError `SIZE_MISMATCH` as soon as there are too many. */
  update(chunk: Buffer): void;
  /** A digest of the bytes so far, to compare with another copy of them. */
  prefixDigest(): string;
  /** Throws unless every digest matches: `DIGEST_MISMATCH`. */
  verify(url: string): void;
}

/**
 * @throws CodexRuntimeError `DIGEST_MISSING` when nothing vouches for the asset.
 */
export function createVerifier(asset: Asset): Verifier {
  const hashes = new Map<'sha256' | 'sha512', Hash>();
  for (const { algorithm } of asset.digests) hashes.set(algorithm, createHash(algorithm));
  const [main] = hashes.values();
  if (main === undefined) {
    throw new CodexRuntimeError(
      'DIGEST_MISSING',
      `There is no digest to verify ${asset.name} against.`,
      {
        hint: 'Choose another version or --source. To install a file that you have checked yourself, put it in a directory with a SHA256SUMS and use --source dir:PATH.',
        fields: { asset: asset.name },
      },
    );
  }
  let position = 0;
  return {
    get position() {
      return position;
    },
    update(chunk) {
      position += chunk.length;
      if (position > (asset.size ?? MAX_UNKNOWN_BYTES)) throw sizeMismatch(asset, position, null);
      for (const hash of hashes.values()) hash.update(chunk);
    },
    prefixDigest: () => main.copy().digest('hex'),
    verify(url) {
      for (const { algorithm, hex, origin } of asset.digests) {
        const actual = hashes.get(algorithm)?.copy().digest('hex');
        if (actual === hex) continue;
        throw new CodexRuntimeError(
          'DIGEST_MISMATCH',
          `${asset.name} from ${url} does not match the digest from ${origin}: ` +
            `${algorithm} is ${actual}, expected ${hex}.`,
          {
            hint: distrust(asset),
            fields: {
              asset: asset.name,
              url,
              algorithm,
              expected: hex,
              actual,
              digestOrigin: origin,
            },
          },
        );
      }
    },
  };
}

/** For assets of unknown size: several times the largest one, and less than a full disk. */
const MAX_UNKNOWN_BYTES = 2 ** 30;

/** What to do depends on where the digest comes from. */
function distrust({ digests, name }: Asset): string {
  const origins = digests.map(({ origin }) => origin);
  if (origins.includes('lockfile')) return `Do not use these bytes. ${ACCEPT_HINT}`;
  if (origins.includes('dir')) {
    return `Do not use these bytes. Remove ${name} from the directory, and run codex-runtime download again.`;
  }
  return 'Do not use these bytes. They were changed in transit, or the release is broken. Compare with another --source.';
}

/** @param url Where the wrong number of bytes was announced or came from, or null. */
export function sizeMismatch(asset: Asset, actual: number, url: string | null): CodexRuntimeError {
  const from = url === null ? '' : ` from ${url}`;
  return new CodexRuntimeError(
    'SIZE_MISMATCH',
    `${asset.name}${from} has ${actual} bytes or more, expected ${asset.size ?? `at most ${MAX_UNKNOWN_BYTES}`}.`,
    {
      hint: distrust(asset),
      fields: { asset: asset.name, url, expected: asset.size, actual },
    },
  );
}
