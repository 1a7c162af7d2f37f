import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toTrustMaterial } from '@sigstore/verify';
import { CodexRuntimeError } from '../errors.ts';
import type { Settings } from '../request/index.ts';
import { type SignatureSubject, signatureUnreachable } from './faults.ts';

/** Where an update comes from; only tests have a reason to change it. */
export interface TufSource {
  /** Default: Sigstore's public repository. */
  readonly mirrorURL?: string;
  /** File with the repository's root of trust. Default: the one of `@sigstore/tuf`. */
  readonly rootPath?: string;
  readonly retry?: { readonly retries: number };
}

/**
 * Whom to trust: the file that the settings name, the root of Sigstore's public good instance
 * brought up to date through TUF, or, without a setting, the one that `@sigstore/tuf` was published
 * with, which needs no network.
 * @throws CodexRuntimeError `USAGE` for a file that is no trusted root, `SIGNATURE_UNREACHABLE` when
 * an update was asked for and is not to be had
 */
export async function loadTrustMaterial(
  { trustedRoot, home }: Pick<Settings, 'trustedRoot' | 'home'>,
  subject: SignatureSubject,
  tuf: TufSource = {},
): Promise<TrustMaterial> {
  if (trustedRoot === null) return toTrustMaterial(await bundledRoot());
  if (trustedRoot === 'tuf') return toTrustMaterial(await updatedRoot(home, subject, tuf));
  try {
    const text = await readFile(trustedRoot, 'utf8');
    const root = TrustedRoot.fromJSON(JSON.parse(text));
    // What is no trusted root reads as an empty one, which would make every signature look bad.
    if (root.certificateAuthorities.length === 0) throw new Error('it names no authority');
    return toTrustMaterial(root);
  } catch (cause) {
    throw new CodexRuntimeError('USAGE', `${trustedRoot} is not a Sigstore trusted root.`, {
      hint: 'Name a trusted_root.json, or leave --trusted-root and CODEX_RUNTIME_TRUSTED_ROOT out.',
      fields: { trustedRoot },
      cause,
    });
  }
}

/** The state of Sigstore's TUF repository that the library starts from. */
async function bundledRoot(): Promise<TrustedRoot> {
  const { default: seeds } = await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } });
  const [encoded] = Object.values(seeds).map(({ targets }) => targets['trusted_root.json']);
  if (encoded === undefined) throw new Error('@sigstore/tuf has no trusted root');
  return TrustedRoot.fromJSON(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')));
}

/** No falling back to the bundled root: whoever asks for an update wants to hear of revoked keys. */
async function updatedRoot(
  home: string,
  subject: SignatureSubject,
  tuf: TufSource,
): Promise<TrustedRoot> {
  const { getTrustedRoot } = await import('@sigstore/tuf');
  try {
    return await getTrustedRoot({ ...tuf, cachePath: join(home, 'tuf') });
  } catch (cause) {
    const failure = new CodexRuntimeError(
      'SOURCE_UNAVAILABLE',
      'The trusted root could not be brought up to date through TUF.',
      {
        hint: 'Check the network, or leave out --trusted-root to use the one that is built in.',
        cause,
      },
    );
    throw signatureUnreachable(subject, [failure]);
  }
}
