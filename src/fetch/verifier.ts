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
    throw new CodexRuntimeError('DIGEST_MISSING', `Nothing vouches for ${asset.name}.`, {
      hint: 'Choose another version or --source. What you have checked yourself can be installed from a directory with a SHA256SUMS: --source dir:PATH.',
      fields: { asset: asset.name },
    });
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
          `${asset.name} from ${url} is not what ${origin} vouches for: ` +
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

/** Where nobody says how large an asset is: several times the largest there is, and not a full disk. */
const MAX_UNKNOWN_BYTES = 2 ** 30;

/** Who is right, nobody can tell here; what can be done depends on who vouches. */
function distrust({ digests, name }: Asset): string {
  const origins = digests.map(({ origin }) => origin);
  if (origins.includes('lockfile')) return `Do not use these bytes. ${ACCEPT_HINT}`;
  if (origins.includes('dir')) {
    return `Do not use these bytes. Remove ${name} from the directory, and fill it with codex-runtime download again.`;
  }
  return 'Do not use these bytes. Something between here and the release has changed them, or the release is broken: compare with another --source.';
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
