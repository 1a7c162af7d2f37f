import { unavailableReason } from '../../fetch/http/index.ts';
import { packagePath, type Registry } from '../../fetch/npm/index.ts';
import { asJsonObject } from '../../json.ts';

/** What a registry has under one package name. */
export interface Published {
  /** Integrity (SRI) by version. */
  readonly versions: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a registry has under a name that is new. */
export const NOTHING_PUBLISHED: Published = { versions: {}, tags: {} };

/**
 * What the registry itself has, past the caches in front of it; nothing for a name that is new.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`
 */
export function loadPublished(
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Promise<Published> {
  // npm asks like this before it writes.
  return load(registry, {
    path: `${packagePath(name)}?write=true`,
    accept: 'application/json',
    signal,
  });
}

/** What an `npm install` sees now, caches included. */
export function loadVisible(
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Promise<Published> {
  return load(registry, {
    path: packagePath(name),
    accept: 'application/vnd.npm.install-v1+json',
    signal,
  });
}

interface DocumentRequest {
  readonly path: string;
  readonly accept: string;
  readonly signal: AbortSignal | undefined;
}

async function load(
  registry: Registry,
  { path, accept, signal }: DocumentRequest,
): Promise<Published> {
  try {
    const request = { headers: { accept }, signal };
    return parsePublished(await registry.getJson(path, request));
  } catch (error) {
    if (unavailableReason(error) === 'not-found') return NOTHING_PUBLISHED;
    throw error;
  }
}

function parsePublished(document: unknown): Published {
  const versions = Object.entries(asJsonObject(asJsonObject(document)['versions'])).map(
    ([version, manifest]) => {
      const integrity = asJsonObject(asJsonObject(manifest)['dist'])['integrity'];
      return [version, typeof integrity === 'string' ? integrity : 'unknown'] as const;
    },
  );
  const tags = Object.entries(asJsonObject(asJsonObject(document)['dist-tags'])).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { versions: Object.fromEntries(versions), tags: Object.fromEntries(tags) };
}
