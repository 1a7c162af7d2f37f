import { BUNDLE_V01_MEDIA_TYPE } from '@sigstore/bundle';
import { isJsonObject, parseBoundedJson } from '../json.ts';

/**
 * The JSON that `cosign sign-blob --bundle` wrote before it knew Sigstore's own format.
 * Source: sigstore/cosign, pkg/cosign/bundle and LocalSignedPayload.
 */
interface LegacyBundle {
  readonly base64Signature: string;
  /** PEM, in base64. */
  readonly cert: string;
  readonly rekorBundle: {
    readonly SignedEntryTimestamp: string;
    readonly Payload: {
      /** The log's entry, in base64. */
      readonly body: string;
      /** Seconds since the epoch. */
      readonly integratedTime: number;
      readonly logIndex: number;
      /** Hexadecimal. */
      readonly logID: string;
    };
  };
}

/** Whether `value` is such a bundle; the texts in it are not looked into. */
export function isLegacyBundle(value: unknown): value is LegacyBundle {
  if (!isJsonObject(value) || !isJsonObject(value['rekorBundle'])) return false;
  const { SignedEntryTimestamp: promise, Payload: payload } = value['rekorBundle'];
  return (
    typeof value['base64Signature'] === 'string' &&
    typeof value['cert'] === 'string' &&
    typeof promise === 'string' &&
    isJsonObject(payload) &&
    typeof payload['body'] === 'string' &&
    Number.isSafeInteger(payload['integratedTime']) &&
    Number.isSafeInteger(payload['logIndex']) &&
    typeof payload['logID'] === 'string'
  );
}

/**
 * The same as a Sigstore bundle v0.1, still to be checked like every other one. The digest is what
 * the log's entry says: the old format states it nowhere else.
 * @throws Error when its parts cannot be read
 */
export function fromLegacyBundle({ base64Signature, cert, rekorBundle }: LegacyBundle): object {
  const { body, integratedTime, logIndex, logID } = rekorBundle.Payload;
  return {
    mediaType: BUNDLE_V01_MEDIA_TYPE,
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: leafCertificate(cert) }] },
      tlogEntries: [
        {
          logIndex: String(logIndex),
          logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
          kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
          integratedTime: String(integratedTime),
          inclusionPromise: { signedEntryTimestamp: rekorBundle.SignedEntryTimestamp },
          canonicalizedBody: body,
        },
      ],
    },
    messageSignature: {
      messageDigest: {
        algorithm: 'SHA2_256',
        digest: Buffer.from(loggedSha256(body), 'hex').toString('base64'),
      },
      signature: base64Signature,
    },
  };
}

/** The first certificate of the PEM, as base64 of its DER. */
function leafCertificate(cert: string): string {
  const pem = Buffer.from(cert, 'base64').toString('latin1');
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem);
  if (body?.[1] === undefined) throw new Error('cert holds no PEM certificate');
  return body[1].replace(/\s/g, '');
}

function loggedSha256(body: string): string {
  const entry: unknown = parseBoundedJson(Buffer.from(body, 'base64').toString('utf8'));
  const spec = isJsonObject(entry) ? entry['spec'] : undefined;
  const data = isJsonObject(spec) ? spec['data'] : undefined;
  const hash = isJsonObject(data) ? data['hash'] : undefined;
  const value = isJsonObject(hash) && hash['algorithm'] === 'sha256' ? hash['value'] : undefined;
  if (typeof value !== 'string') throw new Error('the log entry names no SHA-256');
  return value;
}
