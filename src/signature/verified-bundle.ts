import { PolicyError, type TrustMaterial, VerificationError, Verifier } from '@sigstore/verify';
import { CodexRuntimeError } from '../errors.ts';
import { type SignatureFault, type SignatureSubject, signatureInvalid } from './faults.ts';
import type { FetchedBundle } from './fetch-bundle.ts';
import { type FileBundle, parseBundle } from './parse-bundle.ts';
import { type SignedFile, toSignedFile } from './signed-file.ts';
import { isSameSigner, type Signer } from './signer.ts';
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
    verifyDigest(bundle, request);
    const entity = await toSignedFile(bundle, request.file, request.signal);
    // One certificate log, one transparency log and one trusted time, as cosign asks for.
    const verified = new Verifier(trust).verify(entity);
    const { subjectAlternativeName, extensions } = verified.identity ?? {};
    const actual = { identity: subjectAlternativeName ?? '', issuer: extensions?.issuer ?? '' };
    // Compared here: the library's policy is a pattern, for which 0.1.0 and 0.1.01 would be alike.
    if (!isSameSigner(actual, signer)) throw wrongSigner(subject, signer, actual);
    return { ...actual, over: fetched.over, bundle: fetched.name, ...logged(bundle) };
  } catch (error) {
    if (error instanceof CodexRuntimeError) throw error;
    throw signatureInvalid(subject, faultOf(error), { cause: error });
  }
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
function logged(bundle: FileBundle): Pick<VerifiedSignature, 'integratedTime' | 'logIndex'> {
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
