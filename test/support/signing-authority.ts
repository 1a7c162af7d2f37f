import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs';
import { parseVersion } from '../../src/pin/version.ts';
import { releaseSigner, type Signer } from '../../src/request/index.ts';

/** Who signs what, and where it differs from a good release. */
interface Signing {
  readonly content: Buffer;
  /** Default: the release workflow of openai/codex for 0.115.0. */
  readonly signer?: Signer;
  /** When the log takes the signature in, in minutes after the certificate. Default 0. */
  readonly loggedAfter?: number;
}

/** What is said of which bytes, and by whom. */
interface Attesting extends Omit<Signing, 'content'> {
  /** By algorithm, as a statement's subject has it. */
  readonly digest: Readonly<Record<string, string>>;
  /** Default: SLSA provenance. */
  readonly predicateType?: string;
  /** Default: in-toto's. */
  readonly payloadType?: string;
  /** Whether a timestamp authority vouches for the time in place of the log. Default false. */
  readonly timestamped?: boolean;
}

/** A Sigstore of its own: certificate authority, certificate log, transparency log, clock. */
export interface SigningAuthority {
  /** What cosign wrote before it knew Sigstore's format. */
  legacyBundle(signing: Signing): Promise<LegacyDocument>;
  /** Sigstore bundle v0.3, as cosign writes it now. */
  bundle(signing: Signing): Promise<BundleDocument>;
  /** The same with a time stamp in place of the log's word on the time. */
  timestampedBundle(signing: Signing): Promise<BundleDocument>;
  /** A signed statement about files, as GitHub and npm keep it: Sigstore bundle v0.3 with DSSE. */
  attestation(attesting: Attesting): Promise<object>;
  /** Writes what trusts this authority; returns the file's path. */
  writeTrustedRoot(dir: string): Promise<string>;
}

export interface LegacyDocument {
  base64Signature: string;
  cert: string;
  rekorBundle: {
    SignedEntryTimestamp: string;
    Payload: { body: string; integratedTime: number; logIndex: number; logID: string };
  };
}

export interface BundleDocument {
  mediaType: string;
  verificationMaterial: {
    certificate?: { rawBytes: string };
    publicKey?: { hint: string };
    tlogEntries: {
      logIndex: string;
      integratedTime: string;
      inclusionPromise?: { signedEntryTimestamp: string };
      inclusionProof: object;
      canonicalizedBody: string;
    }[];
    timestampVerificationData?: object;
  };
  messageSignature: {
    messageDigest: { algorithm: string; digest: string };
    signature: string;
  };
}

const LOG_URL = 'https://log.sigstore.mock';
const FULCIO_ISSUER = '1.3.6.1.4.1.57264.1.8';
const MINUTE = 60_000;

export const CODEX_SIGNER = releaseSigner('openai/codex', parseVersion('0.115.0'));

/** @param certificateLog whether it logs its certificates, as it must. Default true. */
export async function createSigningAuthority({
  certificateLog = true,
}: {
  certificateLog?: boolean;
} = {}): Promise<SigningAuthority> {
  const keys = { ca: keyPair(), ct: keyPair(), log: keyPair(), tsa: keyPair() };
  const ctLog = await initializeCTLog(keys.ct);
  const ca = await initializeCA(keys.ca, certificateLog ? ctLog : undefined);
  // A whole second: the verifier does not read every fraction that the mock writes. A minute later,
  // because the clock stands still and certificates are issued after it was set.
  const tsa = await initializeTSA(keys.tsa, new Date(Math.ceil(Date.now() / 1000) * 1000 + MINUTE));

  const certified = async (signer: Signer, loggedAfter: number) => {
    const { publicKey, privateKey } = keyPair();
    const certificate = Buffer.from(
      await bytesOf(
        ca.issueCertificate({
          publicKey: Buffer.from(publicKey.export({ format: 'der', type: 'spki' })),
          subjectAltName: signer.identity,
          extensions: [{ oid: FULCIO_ISSUER, value: signer.issuer }],
        }),
      ),
    );
    const log = await initializeTLog(
      LOG_URL,
      keys.log,
      new Date(Date.now() + loggedAfter * MINUTE),
    );
    return { privateKey, certificate, log };
  };

  const stamped = async (signature: Buffer) => {
    const signedTimestamp = await bytesOf(
      tsa.timestamp({
        artifactHash: createHash('sha256').update(signature).digest(),
        hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
        policyOID: '1.2.3.4',
        nonce: 1,
      }),
    );
    return {
      rfc3161Timestamps: [{ signedTimestamp: Buffer.from(signedTimestamp).toString('base64') }],
    };
  };

  const signed = async ({ content, signer = CODEX_SIGNER, loggedAfter = 0 }: Signing) => {
    const { privateKey, certificate, log } = await certified(signer, loggedAfter);
    const signature = sign('sha256', content, privateKey);
    const digest = createHash('sha256').update(content).digest();
    const [entry] = Object.values(
      await log.log({
        apiVersion: '0.0.1',
        kind: 'hashedrekord',
        spec: {
          data: { hash: { algorithm: 'sha256', value: digest.toString('hex') } },
          signature: {
            content: signature.toString('base64'),
            publicKey: { content: base64(pem(certificate)) },
          },
        },
      }),
    ) as LogEntry[];
    if (entry === undefined) throw new Error('the log took nothing');
    return { certificate, signature, digest, entry };
  };

  const bundle = async (signing: Signing): Promise<BundleDocument> => {
    const { certificate, signature, digest, entry } = await signed(signing);
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        certificate: { rawBytes: certificate.toString('base64') },
        tlogEntries: [logged(entry, 'hashedrekord')],
      },
      messageSignature: {
        messageDigest: { algorithm: 'SHA2_256', digest: digest.toString('base64') },
        signature: signature.toString('base64'),
      },
    };
  };

  return {
    bundle,
    async legacyBundle(signing) {
      const { certificate, signature, entry } = await signed(signing);
      const { body, integratedTime, logIndex, logID, verification } = entry;
      return {
        base64Signature: signature.toString('base64'),
        cert: base64(pem(certificate)),
        rekorBundle: {
          SignedEntryTimestamp: verification.signedEntryTimestamp,
          Payload: { body, integratedTime, logIndex, logID },
        },
      };
    },
    async timestampedBundle(signing) {
      const document = await bundle(signing);
      const signature = Buffer.from(document.messageSignature.signature, 'base64');
      const { verificationMaterial: material } = document;
      for (const entry of material.tlogEntries) delete entry.inclusionPromise;
      material.timestampVerificationData = await stamped(signature);
      return document;
    },
    async attestation(attesting) {
      const { digest, signer = CODEX_SIGNER, loggedAfter = 0, timestamped = false } = attesting;
      const { predicateType = 'https://slsa.dev/provenance/v1' } = attesting;
      const { payloadType = 'application/vnd.in-toto+json' } = attesting;
      const { privateKey, certificate, log } = await certified(signer, loggedAfter);
      const _type = 'https://in-toto.io/Statement/v1';
      const subject = [{ name: 'codex', digest }];
      const payload = Buffer.from(JSON.stringify({ _type, subject, predicateType, predicate: {} }));
      const encoded = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} ${payload}`;
      const signature = sign('sha256', Buffer.from(encoded), privateKey);
      const sig = signature.toString('base64');
      const [entry] = Object.values(
        await log.log({
          apiVersion: '0.0.1',
          kind: 'dsse',
          spec: {
            envelopeHash: { algorithm: 'sha256', value: '0'.repeat(64) },
            payloadHash: {
              algorithm: 'sha256',
              value: createHash('sha256').update(payload).digest('hex'),
            },
            signatures: [{ signature: sig, verifier: base64(pem(certificate)) }],
          },
        }),
      ) as LogEntry[];
      if (entry === undefined) throw new Error('the log took nothing');
      const { inclusionPromise, ...proven } = logged(entry, 'dsse');
      return {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: {
          certificate: { rawBytes: certificate.toString('base64') },
          tlogEntries: [timestamped ? proven : { ...proven, inclusionPromise }],
          ...(timestamped ? { timestampVerificationData: await stamped(signature) } : {}),
        },
        dsseEnvelope: {
          payload: payload.toString('base64'),
          payloadType,
          signatures: [{ sig, keyid: '' }],
        },
      };
    },
    async writeTrustedRoot(dir) {
      const root = trustedRoot({
        ca: [bufferOf(ca.rootCertificate)],
        ctLog: ctLog.publicKey,
        log: spki(keys.log.publicKey),
        tsa: [bufferOf(tsa.intCertificate), bufferOf(tsa.rootCertificate)],
      });
      const path = join(dir, 'trusted_root.json');
      await writeFile(path, JSON.stringify(TrustedRoot.toJSON(root)));
      return path;
    },
  };
}

interface LogEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logIndex: number;
  readonly logID: string;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly checkpoint: string;
    };
  };
}

function logged({ body, integratedTime, logIndex, logID, verification }: LogEntry, kind: string) {
  const { inclusionProof: proof, signedEntryTimestamp } = verification;
  return {
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
    kindVersion: { kind, version: '0.0.1' },
    integratedTime: String(integratedTime),
    canonicalizedBody: body,
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      treeSize: String(proof.treeSize),
      rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'),
      hashes: [],
      checkpoint: { envelope: proof.checkpoint },
    },
  };
}

function trustedRoot(trusted: {
  ca: Buffer[];
  ctLog: Buffer;
  log: Buffer;
  tsa: Buffer[];
}): TrustedRoot {
  const validFor = { start: new Date(0) };
  const authority = (certificates: Buffer[]) => ({
    subject: { commonName: 'mock', organization: 'mock' },
    uri: '',
    certChain: { certificates: certificates.map((rawBytes) => ({ rawBytes })) },
    validFor,
    operator: '',
  });
  const log = (rawBytes: Buffer) => ({
    baseUrl: LOG_URL,
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: { rawBytes, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, validFor },
    logId: { keyId: createHash('sha256').update(rawBytes).digest() },
    checkpointKeyId: undefined,
    operator: '',
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(trusted.log)],
    certificateAuthorities: [authority(trusted.ca)],
    ctlogs: [log(trusted.ctLog)],
    timestampAuthorities: [authority(trusted.tsa)],
  };
}

function keyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function spki(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'der', type: 'spki' }));
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function bytesOf(made: Promise<ArrayBufferView>): Promise<Buffer> {
  return bufferOf(await made);
}

function bufferOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
