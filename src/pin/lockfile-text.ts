import { createHash } from 'node:crypto';
import { CodexRuntimeError } from '../errors.ts';
import { isByteCount, isJsonObject, isSha256 } from '../json.ts';
import { parseBoundedJson } from '../json-bounds.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import { isAssetName } from './asset-name.ts';
import type { Lock, LockedAsset, LockedTarget } from './lockfile.ts';
import { pinCommand } from './pin-command.ts';
import { DEFAULT_REPO, tryParseRepository } from './repository.ts';
import { tryParseVersion } from './version.ts';

const LOCKFILE_VERSION = 1;
/** Six targets take about 6 KB. */
export const MAX_LENGTH = 2 ** 20;

/**
 * Reads a lockfile.
 * @param path for messages only
 * @throws CodexRuntimeError `LOCK_INVALID` when it is malformed, of another format version, or its
 * content is not what its checksum was made for, e.g. because a bot edited the version alone.
 */
export function parseLock(text: string, path: string): Lock {
  if (text.length > MAX_LENGTH) throw invalid(path, `is longer than ${MAX_LENGTH} characters`);
  const document = parseJson(text, path);
  if (!isJsonObject(document)) throw invalid(path, 'is not a JSON object');
  if (document['lockfileVersion'] !== LOCKFILE_VERSION) {
    const found = document['lockfileVersion'];
    const has =
      found === undefined ? 'no lockfileVersion' : `lockfileVersion ${JSON.stringify(found)}`;
    throw invalid(path, `has ${has}, and this codex-runtime reads ${LOCKFILE_VERSION}`);
  }
  const { version: spelled, repo: named, signature } = document;
  const version = typeof spelled === 'string' ? tryParseVersion(spelled)?.semver : undefined;
  if (version === undefined || version !== spelled) throw invalid(path, 'names no exact version');
  const repo = typeof named === 'string' ? tryParseRepository(named) : undefined;
  if (repo === undefined) throw invalid(path, 'names no repository', { version });
  if (signature !== undefined && signature !== 'required') {
    throw invalid(path, 'has a signature rule that is not "required"', { version, repo });
  }
  if (document['checksum'] !== checksumOf(document)) {
    throw invalid(
      path,
      'was edited by hand: its checksum is not that of its content, so its digests may belong to another version',
      { version, repo },
    );
  }
  const required = signature === undefined ? {} : { signature: 'required' as const };
  return {
    version,
    repo,
    ...required,
    targets: readTargets(document['targets'], path, { version, repo }),
  };
}

/** The lockfile's text: stable key order, one line a target, so that a new version changes few lines. */
export function formatLock(lock: Lock): string {
  const targets = orderedTargets(lock);
  const head = {
    lockfileVersion: LOCKFILE_VERSION,
    version: lock.version,
    repo: lock.repo,
    ...(lock.signature === undefined ? {} : { signature: lock.signature }),
  };
  const checksum = checksumOf({ ...head, targets: Object.fromEntries(targets) });
  const lines = targets.map(([triple, target]) => `    "${triple}": ${JSON.stringify(target)}`);
  return [
    '{',
    ...Object.entries({ ...head, checksum }).map(
      ([key, value]) => `  "${key}": ${JSON.stringify(value)},`,
    ),
    `  "targets": {${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n  `}}`,
    '}',
    '',
  ].join('\n');
}

/** Binds digests to their version. It finds edits, not attackers: whoever can edit can recompute. */
function checksumOf(document: Readonly<Record<string, unknown>>): string {
  const { checksum: _checksum, $schema: _schema, ...content } = document;
  return `sha256:${createHash('sha256').update(canonicalJson(content)).digest('hex')}`;
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}

function orderedTargets(lock: Lock): [Triple, LockedTarget][] {
  return TARGETS.flatMap(({ triple }) => {
    const target = lock.targets[triple];
    if (target === undefined) return [];
    const { entrypoint } = target;
    const assets = target.assets.map(({ name, size, sha256, integrity }) => ({
      name,
      ...(size === undefined ? {} : { size }),
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(integrity === undefined ? {} : { integrity }),
    }));
    const known = entrypoint === undefined ? {} : { entrypoint: { sha256: entrypoint.sha256 } };
    return [[triple, { assets, ...known }]];
  });
}

function readTargets(value: unknown, path: string, known: Known): Lock['targets'] {
  if (!isJsonObject(value)) throw invalid(path, 'has no targets', known);
  const entries = TARGETS.flatMap(({ triple }): [Triple, LockedTarget][] => {
    if (!Object.hasOwn(value, triple)) return [];
    const target = readTarget(value[triple]);
    if (target === undefined) throw invalid(path, `has a malformed entry for ${triple}`, known);
    return [[triple, target]];
  });
  return Object.fromEntries(entries);
}

function readTarget(value: unknown): LockedTarget | undefined {
  if (!isJsonObject(value) || !Array.isArray(value['assets'])) return undefined;
  const assets = value['assets'].map(readAsset);
  if (!assets.every((asset) => asset !== undefined)) return undefined;
  const { entrypoint } = value;
  if (entrypoint === undefined) return { assets };
  if (!isJsonObject(entrypoint) || !isSha256(entrypoint['sha256'])) return undefined;
  return { assets, entrypoint: { sha256: entrypoint['sha256'] } };
}

function readAsset(value: unknown): LockedAsset | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, size, sha256, integrity } = value;
  if (!isAssetName(name)) return undefined;
  if (size !== undefined && !isByteCount(size)) return undefined;
  if (sha256 !== undefined && !isSha256(sha256)) return undefined;
  if (integrity !== undefined && !isIntegrity(integrity)) return undefined;
  // An entry without a digest would look like a pin and pin nothing.
  if (sha256 === undefined && integrity === undefined) return undefined;
  return {
    name,
    ...(size === undefined ? {} : { size }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(integrity === undefined ? {} : { integrity }),
  };
}

function isIntegrity(value: unknown): value is string {
  return typeof value === 'string' && /^sha512-[A-Za-z0-9+/]{86}==$/.test(value);
}

function parseJson(text: string, path: string): unknown {
  try {
    return parseBoundedJson(text);
  } catch (cause) {
    throw invalid(path, 'is not JSON', { cause });
  }
}

/** What could be read of a lockfile that is refused, and why no more could. */
type Known = Partial<Pick<Lock, 'version' | 'repo'>> & { readonly cause?: unknown };

function invalid(path: string, what: string, known: Known = {}): CodexRuntimeError {
  const { version, repo = DEFAULT_REPO, cause } = known;
  return new CodexRuntimeError('LOCK_INVALID', `${path} ${what}.`, {
    hint: `Run "${pinCommand({ version: version ?? '<version>', repo })}" to write it anew, and commit the result.`,
    fields: { path, ...(version === undefined ? {} : { version }) },
    cause,
  });
}
