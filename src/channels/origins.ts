import type { Asset, Digest } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Version } from '../pin/index.ts';

/**
 * Compares what several origins say of one asset of one version, where a run has asked them anyway;
 * nobody is asked to compare. Without a lockfile nothing says which of them is right.
 */
export class OriginLedger {
  readonly #version: Version;
  readonly #known = new Map<string, Digest>();

  constructor(version: Version) {
    this.#version = version;
  }

  /** @throws CodexRuntimeError `DIGEST_MISMATCH` naming both origins */
  add(assets: readonly Pick<Asset, 'name' | 'digests'>[]): void {
    for (const { name, digests } of assets) {
      for (const digest of digests) {
        const key = `${digest.algorithm} ${name}`;
        const known = this.#known.get(key);
        if (known !== undefined && known.hex !== digest.hex) {
          throw disagreement(this.#version, name, [known, digest]);
        }
        if (known === undefined) this.#known.set(key, digest);
      }
    }
  }
}

function disagreement(
  { semver: version }: Version,
  asset: string,
  [first, second]: readonly [Digest, Digest],
): CodexRuntimeError {
  const say = ({ origin, algorithm, hex }: Digest) => `${origin} says ${algorithm} ${hex}`;
  return new CodexRuntimeError(
    'DIGEST_MISMATCH',
    `Codex ${version} has two ${asset}: ${say(first)}, ${say(second)}.`,
    {
      hint: 'A release has the same bytes everywhere. Find out which origin is right, and name it with --source.',
      fields: {
        version,
        asset,
        expected: first.hex,
        actual: second.hex,
        origins: [first.origin, second.origin],
      },
    },
  );
}
