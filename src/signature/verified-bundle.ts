import {
  PolicyError,
  type SignedEntity,
  type TrustMaterial,
  toSignedEntity,
  VerificationError,
  Verifier,
} from '@sigstore/verify';
import { CodexRuntimeError } from '../errors.ts';
import { isSameSigner, type Signer } from '../request/index.ts';
import { type SignatureFault, type SignatureSubject, signatureInvalid } from './faults.ts';
import type { FetchedBundle } from './fetch-bundle.ts';
import {
  type FileBundle,
  isStatement,
  parseBundle,
  readBundle,
  type StatementBundle,
} from './parse-bundle.ts';
import { type SignedFile, toSignedFile } from './signed-file.ts';
import { type AttestedBytes, attestedDigests, UnknownFormat } from './statement.ts';
import type { VerifiedSignature } from './verified-signature.ts';

export interface BundleVerification extends SignatureSubject {
  readonly fetched: FetchedBundle;
  readonly file: SignedFile;
  readonly signer: Signer;
  readonly trust: TrustMaterial;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The signature in a bundle, once it has proved that `signer` signed the file: it is for these bytes;
 * its certificate is from a trusted authority, is in a certificate log, and was valid at a trusted
 * time; the transparency log has the entry; the certificate's key made the signature; the certificate
 * names the signer.
 *
 * @throws CodexRuntimeError `SIGNATURE_INVALID` with `fields.reason` (a {@link SignatureFault});
 * `PERMISSION_DENIED`, `INSTALL_FAILED`, `ABORTED`
 */
export async function verifiedBundle(request: BundleVerification): Promise<VerifiedSignature> {
  const { fetched, signer, trust } = request;
  const subject = { ...request, bundle: fetched.name };
  try {
    const bundle = parseBundle(fetched.text);
    const entity = await entityOf(bundle, request);
    const actual = signerOf(entity, trust);
    // Compared here: the library's policy is a pattern, for which 0.1.0 and 0.1.01 would be alike.
    if (!isSameSigner(actual, signer)) throw wrongSigner(subject, signer, actual);
    return { ...actual, over: fetched.over, bundle: fetched.name, ...logged(bundle) };
  } catch (error) {
    throw asInvalid(error, subject);
  }
}

/**
 * Who said in a statement where these bytes come from, once the statement has proved to be that
 * signer's. Its bytes need not be here: it is about their digest.
 * @throws CodexRuntimeError `SIGNATURE_INVALID` with `fields.reason`
 */
export function verifiedAttestation(request: AttestationVerification): Signer {
  const { signer, trust, bytes } = request;
  try {
    const bundle = readBundle(request.document);
    if (!isStatement(bundle))
      throw new UnknownFormat('a signature over a file, without a statement');
    verifySubject(bundle, bytes, request);
    const actual = signerOf(toSignedEntity(bundle), trust);
    if (!isSameSigner(actual, signer)) throw wrongSigner(request, signer, actual);
    return actual;
  } catch (error) {
    throw asInvalid(error, request);
  }
}

export interface AttestationVerification extends SignatureSubject {
  /** What it is called in messages. */
  readonly bundle: string;
  /** A Sigstore bundle, parsed and unchecked. */
  readonly document: unknown;
  readonly bytes: AttestedBytes;
  readonly signer: Signer;
  readonly trust: TrustMaterial;
}

/** Whose certificate it is. One certificate log, one transparency log and one trusted time, as cosign asks for. */
function signerOf(entity: SignedEntity, trust: TrustMaterial): Signer {
  const { subjectAlternativeName, extensions } = new Verifier(trust).verify(entity).identity ?? {};
  return { identity: subjectAlternativeName ?? '', issuer: extensions?.issuer ?? '' };
}

async function entityOf(
  bundle: FileBundle | StatementBundle,
  request: BundleVerification,
): Promise<SignedEntity> {
  if (isStatement(bundle)) {
    const bytes = { algorithm: 'sha256', hex: request.file.sha256 } as const;
    verifySubject(bundle, bytes, { ...request, bundle: request.fetched.name });
    return toSignedEntity(bundle);
  }
  verifyDigest(bundle, request);
  return await toSignedFile(bundle, request.file, request.signal);
}

function verifySubject(
  bundle: StatementBundle,
  { algorithm, hex }: AttestedBytes,
  subject: SignatureSubject & { readonly bundle: string },
): void {
  const said = attestedDigests(bundle).filter((one) => one.algorithm === algorithm);
  if (said.some((one) => one.hex === hex)) return;
  throw signatureInvalid(subject, 'digest', {
    fields: { expected: hex, actual: said[0]?.hex ?? `no ${algorithm}` },
  });
}

function asInvalid(
  error: unknown,
  subject: SignatureSubject & { readonly bundle: string },
): CodexRuntimeError {
  if (error instanceof CodexRuntimeError) return error;
  if (!(error instanceof UnknownFormat)) {
    return signatureInvalid(subject, faultOf(error), { cause: error });
  }
  const fields = { format: error.format };
  return signatureInvalid(subject, 'format', { fields, cause: error });
}

function verifyDigest(bundle: FileBundle, request: BundleVerification): void {
  const actual = bundle.content.messageSignature.messageDigest.digest.toString('hex');
  const expected = request.file.sha256;
  if (actual === expected) return;
  throw signatureInvalid({ ...request, bundle: request.fetched.name }, 'digest', {
    fields: { expected, actual },
  });
}

function wrongSigner(
  subject: SignatureSubject & { readonly bundle: string },
  expected: Signer,
  actual: Signer,
): CodexRuntimeError {
  const differing = isSameSigner({ ...actual, issuer: expected.issuer }, expected)
    ? 'issuer'
    : 'identity';
  return signatureInvalid(subject, 'identity', {
    fields: { expected: expected[differing], actual: actual[differing] },
  });
}

/** Only what the log signed: an entry without a promise says nothing reliable about its time. */
function logged(
  bundle: FileBundle | StatementBundle,
): Pick<VerifiedSignature, 'integratedTime' | 'logIndex'> {
  const [entry] = bundle.verificationMaterial.tlogEntries;
  const seconds = entry?.inclusionPromise === undefined ? 0 : Number(entry.integratedTime);
  return {
    integratedTime: seconds === 0 ? null : new Date(seconds * 1000).toISOString(),
    logIndex: Number(entry?.logIndex),
  };
}

const FAULTS: Readonly<Record<VerificationError['code'], SignatureFault>> = {
  CERTIFICATE_ERROR: 'chain',
  PUBLIC_KEY_ERROR: 'chain',
  SIGNATURE_ERROR: 'signature',
  TIMESTAMP_ERROR: 'timestamp',
  TLOG_BODY_ERROR: 'tlog',
  TLOG_ERROR: 'tlog',
  TLOG_INCLUSION_PROOF_ERROR: 'tlog',
  TLOG_INCLUSION_PROMISE_ERROR: 'tlog',
  TLOG_MISSING_INCLUSION_ERROR: 'tlog',
  NOT_IMPLEMENTED_ERROR: 'malformed',
};

function faultOf(error: unknown): SignatureFault {
  if (error instanceof VerificationError) return FAULTS[error.code];
  return error instanceof PolicyError ? 'identity' : 'malformed';
}
