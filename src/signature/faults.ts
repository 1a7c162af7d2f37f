import { basename, dirname } from 'node:path';
import { shellWord } from '../child/shell-word.ts';
import { CodexRuntimeError } from '../errors.ts';
import { isUpstream, type Version } from '../pin/index.ts';
import type { Target } from '../target/index.ts';

/** Why a signature does not count; the `reason` field of `SIGNATURE_INVALID`. */
export type SignatureFault =
  /** The bundle is none that is known, or a part of it cannot be read. */
  | 'malformed'
  /** It is of a kind that is not verified here; `format` names it. */
  | 'format'
  /** It was made for other bytes than these. */
  | 'digest'
  /** The certificate is not from a trusted authority, or was not valid when it signed. */
  | 'chain'
  /** The transparency log does not vouch for it. */
  | 'tlog'
  /** No trusted time says when it was made. */
  | 'timestamp'
  /** The certificate's key did not make it. */
  | 'signature'
  /** Somebody else signed: another repository, workflow, tag or issuer. */
  | 'identity';

/** What a failure is about. */
export interface SignatureSubject {
  readonly version: Version;
  readonly target: Target;
}

const DO_NOT_RUN = 'Do not run it. Take another version, and report this one upstream.';

const MEANING: Readonly<Record<SignatureFault, string>> = {
  malformed: 'it cannot be read',
  format: 'it is of a format that is not verified here',
  digest: 'it is for other bytes',
  chain: 'its certificate is not from a trusted authority or was not valid at that time',
  tlog: 'the transparency log does not vouch for it',
  timestamp: 'it has no trusted timestamp',
  signature: "it was not made with its certificate's key",
  identity: 'another identity signed it',
};

export function signatureInvalid(
  subject: SignatureSubject & { readonly bundle: string },
  reason: SignatureFault,
  details: { readonly fields?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
): CodexRuntimeError {
  const { expected, actual, format } = details.fields ?? {};
  const told = format === undefined ? '' : `: ${format}`;
  const compared = expected === undefined ? told : `: expected ${expected}, got ${actual}`;
  return new CodexRuntimeError(
    'SIGNATURE_INVALID',
    `The signature ${subject.bundle} of Codex ${subject.version.semver} is not valid: ${MEANING[reason]}${compared}.`,
    {
      hint: DO_NOT_RUN,
      fields: { reason, ...named(subject), bundle: subject.bundle, ...details.fields },
      cause: details.cause,
    },
  );
}

/**
 * The release has none; `bundles` are the names that were looked for.
 * @param local the directory of this machine that was looked into; of the release it says nothing
 */
export function signatureMissing(
  subject: SignatureSubject,
  bundles: readonly string[],
  local?: { readonly directory: string; readonly repo: string },
): CodexRuntimeError {
  const { version, target } = subject;
  const names = bundles.join(' and no ');
  if (local === undefined) {
    return new CodexRuntimeError(
      'SIGNATURE_MISSING',
      `Codex ${version.semver} for ${target.triple} has no signature: its release holds no ${names}.`,
      {
        hint: 'Take a version that was released with one, or do not require a signature.',
        fields: { ...named(subject), bundles },
      },
    );
  }
  const { directory, repo } = local;
  const fork = isUpstream(repo) ? '' : ` --repo ${repo}`;
  const out = basename(directory) === version.semver ? dirname(directory) : directory;
  const command = `codex-runtime download ${version.semver} --target ${target.triple}${fork} --out ${shellWord(out)}`;
  return new CodexRuntimeError(
    'SIGNATURE_MISSING',
    `The directory ${directory} has no signature of Codex ${version.semver} for ${target.triple}: it holds no ${names}.`,
    {
      hint: `Run "${command}" where GitHub answers: it adds the signature if the release has one. Or do not require a signature.`,
      fields: { ...named(subject), bundles, directory },
    },
  );
}

/** Whether there is one is not known, because nobody who would have it answers. */
export function signatureUnreachable(
  subject: SignatureSubject,
  reasons: readonly CodexRuntimeError[],
): CodexRuntimeError {
  const [first] = reasons;
  return new CodexRuntimeError(
    'SIGNATURE_UNREACHABLE',
    `The signature of Codex ${subject.version.semver} for ${subject.target.triple} could not be fetched.`,
    {
      hint: first?.hint ?? 'Check the network, or fetch from a source that has the signature too.',
      fields: { ...named(subject), reasons: reasons.map(({ message }) => message) },
      cause: first,
    },
  );
}

function named({ version, target }: SignatureSubject) {
  return { version: version.semver, target: target.triple };
}
