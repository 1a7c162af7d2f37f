import { isCodexRuntimeError } from '../errors.ts';
import { asJsonObject, isJsonObject, parseBoundedJson } from '../json.ts';
import { tryParseRepository, tryParseVersion } from '../pin/index.ts';
import type { Triple } from '../target/index.ts';
import { checksumOf, LOCKFILE_VERSION } from './format.ts';
import type { Lock } from './lock.ts';
import { invalid, lossy, MERGE, RESTORE } from './lock-fault.ts';
import { isProofLevel, PROOF_LEVELS, type ProofLevel } from './proof.ts';
import { readLevels, readTargets } from './read-targets.ts';

/** Six targets take about 6 KB. */
export const MAX_LENGTH = 2 ** 20;

/** What a lockfile says beside its digests: it stays when the digests are written anew. */
export interface LockRules
  extends Pick<Lock, 'repo' | 'signature' | 'require' | 'source' | 'schema'> {
  /** Semver; empty where the lockfile names no exact version. */
  readonly version: string;
}

/**
 * Reads a lockfile.
 * @param path for messages only
 * @throws CodexRuntimeError `LOCK_INVALID` when it is malformed, of another format version, or its
 * content is not what its checksum was made for, e.g. because a bot edited the version alone.
 */
export function parseLock(text: string, path: string): Lock {
  const document = parseDocument(text, path);
  const { version, ...rules } = readRules(document, path);
  const known = { version: version === '' ? undefined : version, repo: rules.repo };
  if (version === '' || version !== document['version']) {
    throw invalid(path, 'names no exact version', known);
  }
  if (document['checksum'] !== checksumOf(document)) {
    throw invalid(
      path,
      'was edited by hand: its checksum is not that of its content, so its digests may belong to another version',
      known,
    );
  }
  const targets = readTargets(document['targets'], path, known);
  return { version, ...rules, targets };
}

/**
 * What has to stay of a lockfile that is about to be written anew: its rules, which hold whatever
 * became of its digests, and the whole lock where it is intact.
 * @throws CodexRuntimeError `LOCK_INVALID` when the rules cannot be read: they would be lost
 */
export function salvageLock(text: string, path: string): LockSalvage {
  const document = parseDocument(text, path);
  const rules = readRules(document, path);
  const levels = readLevels(document['targets']);
  try {
    return { rules, levels, lock: parseLock(text, path) };
  } catch (error) {
    if (!isCodexRuntimeError(error, 'LOCK_INVALID')) throw error;
    return { rules, levels, lock: null };
  }
}

/** What {@link salvageLock} keeps. */
export interface LockSalvage {
  readonly rules: LockRules;
  /** The strongest proof of each target: what is pinned next may not have less. */
  readonly levels: Readonly<Partial<Record<Triple, ProofLevel>>>;
  /** Null where its digests do not count. */
  readonly lock: Lock | null;
}

const MEMBERS = {
  lockfile: [
    '$schema',
    'lockfileVersion',
    'version',
    'repo',
    'signature',
    'require',
    'source',
    'checksum',
    'targets',
  ],
  target: ['assets', 'entrypoint'],
  asset: ['name', 'size', 'sha256', 'integrity', 'proof'],
} as const;

/**
 * A rule that is not known may forbid what would be done: every command refuses it, whether it would
 * only read the lockfile or write it anew and lose the rule.
 */
function verifyKnown(document: Document, path: string): void {
  const unknown = [
    ...others(document, MEMBERS.lockfile, ''),
    ...Object.entries(asJsonObject(document['targets'])).flatMap(([triple, target]) => {
      const { assets } = asJsonObject(target);
      return [
        ...others(target, MEMBERS.target, `targets.${triple}.`),
        ...(Array.isArray(assets) ? assets : []).flatMap((asset) =>
          others(asset, MEMBERS.asset, `targets.${triple}.assets.`),
        ),
      ];
    }),
  ];
  if (unknown.length === 0) return;
  const names = [...new Set(unknown)].slice(0, 3).join(', ');
  throw lossy(path, `has ${names}, which this codex-runtime does not know`, {
    hint: 'Update codex-runtime, or remove it from the lockfile and run "codex-runtime pin".',
  });
}

function others(value: unknown, known: readonly string[], prefix: string): string[] {
  return Object.keys(asJsonObject(value))
    .filter((key) => !known.includes(key))
    .map((key) => `${prefix}${key}`);
}

type Document = Readonly<Record<string, unknown>>;

function parseDocument(text: string, path: string): Document {
  if (text.length > MAX_LENGTH) throw lossy(path, `is longer than ${MAX_LENGTH} characters`);
  const document = parseJson(text, path);
  if (isJsonObject(document)) return document;
  throw lossy(path, 'is not a JSON object');
}

function readRules(document: Document, path: string): LockRules {
  const { lockfileVersion: format, version, repo: named, signature, $schema: schema } = document;
  if (format !== 1 && format !== LOCKFILE_VERSION) {
    const has = format === undefined ? 'no lockfileVersion' : `lockfileVersion ${format}`;
    const newer = typeof format === 'number' && format > LOCKFILE_VERSION;
    throw lossy(path, `has ${has}, and this codex-runtime reads 1 and ${LOCKFILE_VERSION}`, {
      hint: newer ? 'A newer codex-runtime wrote it: update this one.' : RESTORE,
    });
  }
  verifyKnown(document, path);
  const repo = typeof named === 'string' ? tryParseRepository(named) : undefined;
  if (repo === undefined) {
    throw lossy(path, 'has no "repo" like openai/codex', {
      hint: 'Correct that line, and run "codex-runtime pin" to write the lockfile again.',
    });
  }
  if (signature !== undefined && signature !== 'required') {
    throw lossy(path, 'has a "signature" other than "required"', {
      hint: 'Write "required" or remove that line, and run "codex-runtime pin" to write the lockfile again.',
    });
  }
  const { require: level, source } = document;
  if (level !== undefined && !isProofLevel(level)) {
    throw lossy(path, 'has a "require" that is not a level of proof', {
      hint: `Write one of ${PROOF_LEVELS.join(', ')} or remove that line, and run "codex-runtime pin" to write the lockfile again.`,
    });
  }
  if (source !== undefined && !isSourceName(source)) {
    throw lossy(path, 'has a "source" that is not a list of sources', {
      hint: 'Correct or remove that line, and run "codex-runtime pin" to write the lockfile again.',
    });
  }
  return {
    version: typeof version === 'string' ? (tryParseVersion(version)?.semver ?? '') : '',
    repo,
    ...(signature === undefined ? {} : { signature }),
    ...(level === undefined ? {} : { require: level }),
    ...(source === undefined ? {} : { source }),
    ...(typeof schema === 'string' ? { schema } : {}),
  };
}

/** Text that may be taken for `--source`, whose own reading decides; nothing that is a path here. */
function isSourceName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z]+(:[^\s,]+)?(,[a-z]+(:[^\s,]+)?)*$/.test(value);
}

function parseJson(text: string, path: string): unknown {
  try {
    return parseBoundedJson(text);
  } catch (cause) {
    const merging = /^(<{7}|={7}|>{7})/m.test(text);
    throw lossy(path, merging ? 'has conflict marks of a merge' : 'is not JSON', {
      ...(merging ? { hint: MERGE } : {}),
      cause,
    });
  }
}
