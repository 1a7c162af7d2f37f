import { CodexRuntimeError } from '../errors.ts';
import type { Version } from '../pin/index.ts';
import type { Target } from '../target/index.ts';

/** Who has to have signed: a name in a certificate, and the identity provider that vouched for it. */
export interface Signer {
  /** The certificate's subject alternative name; compared whole, letter by letter. */
  readonly identity: string;
  /** The OIDC issuer. */
  readonly issuer: string;
}

/**
 * The workflow that releases Codex, run for the tag of `version` in `repo` and for nothing else.
 * Source: the certificates of openai/codex's release bundles (.github/workflows/rust-release.yml).
 * @param repo `owner/name`
 */
export function releaseSigner(repo: string, version: Version): Signer {
  return {
    identity: `https://github.com/${repo}/.github/workflows/rust-release.yml@refs/tags/${version.tag}`,
    issuer: 'https://token.actions.githubusercontent.com',
  };
}

/** Whether releases of openai/codex have Sigstore bundles for a target: they do for Linux. */
export function hasSignatures({ os }: Target): boolean {
  return os === 'linux';
}

/** Whether two mean the same signer. A certificate spells the repository as its owner did. */
export function isSameSigner(a: Signer, b: Signer): boolean {
  return canonical(a.identity) === canonical(b.identity) && a.issuer === b.issuer;
}

/** GitHub ignores the case of owner and name; of path, branch and tag it does not. */
function canonical(identity: string): string {
  return identity.replace(/^https:\/\/github\.com\/[^/]+\/[^/]+\//, (repository) =>
    repository.toLowerCase(),
  );
}

/** Upstream signs builds of this target in the way of its platform, or not at all. */
export function signatureUnsupported({
  version,
  target,
}: {
  readonly version: Version;
  readonly target: Target;
}): CodexRuntimeError {
  return new CodexRuntimeError(
    'SIGNATURE_MISSING',
    `Codex for ${target.triple} has no Sigstore signature: upstream makes them for Linux only.`,
    {
      hint: 'Leave out --verify-signature for this target; a lockfile pins its bytes all the same.',
      fields: { version: version.semver, target: target.triple, bundles: [] },
    },
  );
}

/** A named trusted root promises a verified signature; without one the promise would be empty. */
export function idleTrustedRoot(): CodexRuntimeError {
  return new CodexRuntimeError(
    'USAGE',
    '--trusted-root has no effect where no signature is required.',
    {
      hint: 'Add --verify-signature (to pin: with --deep), or leave --trusted-root out.',
    },
  );
}
