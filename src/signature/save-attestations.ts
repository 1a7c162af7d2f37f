import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Asset } from '../asset.ts';
import type { Settings } from '../request/index.ts';
import { type SignatureSubject, signatureMissing } from './faults.ts';
import { ATTESTATIONS_SUFFIX, openAttestations } from './fetch-attestations.ts';

export interface AttestationsRequest extends SignatureSubject {
  readonly asset: Asset;
  readonly settings: Settings;
  readonly signal: AbortSignal | undefined;
}

/**
 * Puts GitHub's attestations of an asset beside it into `dir`, for a machine that pins from there.
 * They are not looked into: who pins does that.
 * @returns the file's name
 * @throws CodexRuntimeError `SIGNATURE_MISSING` where GitHub has none, `SIGNATURE_UNREACHABLE`
 */
export async function saveAttestations(
  { asset, settings, signal, ...subject }: AttestationsRequest,
  dir: string,
): Promise<string> {
  const name = `${asset.name}${ATTESTATIONS_SUFFIX}`;
  const hex = asset.digests.find(({ algorithm }) => algorithm === 'sha256')?.hex;
  const attestations = openAttestations(settings, signal);
  try {
    const bundles =
      hex === undefined
        ? []
        : await attestations.fetch(
            { kind: 'github', bytes: { algorithm: 'sha256', hex } },
            subject,
          );
    if (bundles.length === 0) throw signatureMissing(subject, [name]);
    const lines = bundles.map((bundle) => `${JSON.stringify(bundle)}\n`).join('');
    await writeFile(join(dir, name), lines);
    return name;
  } finally {
    await attestations.close();
  }
}
