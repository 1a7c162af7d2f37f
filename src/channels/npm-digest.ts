import type { Digest } from '../asset.ts';
import {
  loadRegistryKeys,
  packagePath,
  type Registry,
  type RegistryKey,
  vouchingKey,
} from '../fetch/npm/index.ts';
import { isJsonObject } from '../json.ts';
import type { Settings } from '../request/index.ts';

/** `dist` of a version document. */
export type Dist = Readonly<Record<string, unknown>>;

/**
 * What vouches for a platform build: the integrity in its document and, where the registry has
 * keys, their signature over it. The keys are asked for once, when the first build needs them.
 */
export function createVoucher(settings: Pick<Settings, 'npmPackage'>, registry: Registry) {
  const { npmPackage: name } = settings;
  let keys: Promise<readonly RegistryKey[] | null> | undefined;

  /**
   * The digests of a build, named by its version; empty where its document has none.
   * @throws CodexRuntimeError `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `SOURCE_UNAVAILABLE`
   */
  return async (build: string, dist: Dist, signal?: AbortSignal): Promise<Digest[]> => {
    const { integrity, signatures } = dist;
    if (typeof integrity !== 'string') return [];
    const digest = await readIntegrity(integrity);
    if (digest === undefined) return [];
    keys ??= loadRegistryKeys(registry, signal);
    const known = await keys;
    if (known === null) return [{ ...digest, registryKey: null }];
    const signed = {
      name,
      version: build,
      integrity,
      signatures,
      publishedAt: () => publishedAt(registry, { name, build, signal }),
    };
    return [{ ...digest, registryKey: await vouchingKey(signed, known) }];
  };
}

/** npm's SHA-512; the older SHA-1 beside it vouches for nothing any more. */
async function readIntegrity(value: string): Promise<Digest | undefined> {
  if (value.length > 1024) return undefined;
  const { default: ssri } = await import('ssri');
  const [hash] = ssri.parse(value)?.['sha512'] ?? [];
  const hex = Buffer.from(hash?.digest ?? '', 'base64').toString('hex');
  return /^[0-9a-f]{128}$/.test(hex) ? { algorithm: 'sha512', hex, origin: 'npm' } : undefined;
}

interface PlatformBuild {
  readonly name: string;
  readonly build: string;
  readonly signal: AbortSignal | undefined;
}

/** Only the list of all versions tells when one was published, in ms since the epoch. */
async function publishedAt(
  registry: Registry,
  { name, build, signal }: PlatformBuild,
): Promise<number | null> {
  const list = await registry.getJson(packagePath(name), { signal });
  const times = isJsonObject(list) && isJsonObject(list['time']) ? list['time'] : {};
  const at = Date.parse(String(times[build]));
  return Number.isNaN(at) ? null : at;
}
