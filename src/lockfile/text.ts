import { createHash } from 'node:crypto';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { asJsonObject, isByteCount, isJsonObject, isSha256, parseBoundedJson } from '../json.ts';
import { tryParseRepository, tryParseVersion } from '../pin/index.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import { isAssetName } from './asset-name.ts';
import type { Lock, LockedAsset, LockedTarget } from './lock.ts';
import { pinCommand } from './pin-command.ts';
import { isProofLevel, PROOF_LEVELS, type ProofLevel, strongestProof } from './proof.ts';

/**
 * Version 1 is what had no levels of proof. What it cannot say makes a lockfile version 2, so that a
 * command that does not know these rules refuses the file and does not ignore them.
 */
const LOCKFILE_VERSION = 2;
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

/** As far as they can be read: an edited lockfile has them too. */
function readLevels(targets: unknown): LockSalvage['levels'] {
  const known = asJsonObject(targets);
  return Object.fromEntries(
    TARGETS.flatMap(({ triple }) => {
      const { assets } = asJsonObject(Object.hasOwn(known, triple) ? known[triple] : undefined);
      const proofs = (Array.isArray(assets) ? assets : []).map((asset) => {
        const { proof } = asJsonObject(asset);
        return isProofLevel(proof) ? proof : undefined;
      });
      return proofs.length === 0 ? [] : [[triple, strongestProof(proofs)]];
    }),
  );
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
      hint: 'Correct that line, and run "codex-runtime pin" to write the lockfile anew.',
    });
  }
  if (signature !== undefined && signature !== 'required') {
    throw lossy(path, 'has a "signature" other than "required"', {
      hint: 'Write "required" or remove that line, and run "codex-runtime pin" to write the lockfile anew.',
    });
  }
  const { require: level, source } = document;
  if (level !== undefined && !isProofLevel(level)) {
    throw lossy(path, 'has a "require" that is not a level of proof', {
      hint: `Write one of ${PROOF_LEVELS.join(', ')} or remove that line, and run "codex-runtime pin" to write the lockfile anew.`,
    });
  }
  if (source !== undefined && !isSourceName(source)) {
    throw lossy(path, 'has a "source" that is not a list of sources', {
      hint: 'Correct or remove that line, and run "codex-runtime pin" to write the lockfile anew.',
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

/** The lockfile's text: stable key order, one line a target, so that a new version changes few lines. */
export function formatLock(lock: Lock): string {
  const targets = orderedTargets(lock);
  const schema = lock.schema === undefined ? {} : { $schema: lock.schema };
  const head = {
    ...schema,
    lockfileVersion: isNewer(lock) ? LOCKFILE_VERSION : 1,
    version: lock.version,
    repo: lock.repo,
    ...(lock.signature === undefined ? {} : { signature: lock.signature }),
    ...(lock.require === undefined ? {} : { require: lock.require }),
    ...(lock.source === undefined ? {} : { source: lock.source }),
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

/** Whether it says what version 1 has no words for. */
function isNewer({ require: level, source, targets }: Lock): boolean {
  const assets = Object.values(targets).flatMap((target) => target.assets);
  return level !== undefined || source !== undefined || assets.some(({ proof }) => proof);
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
    const assets = target.assets.map(({ name, size, sha256, integrity, proof }) => ({
      name,
      ...(size === undefined ? {} : { size }),
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(integrity === undefined ? {} : { integrity }),
      ...(proof === undefined ? {} : { proof }),
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
  const { name, size, sha256, integrity, proof } = value;
  if (!isAssetName(name)) return undefined;
  if (size !== undefined && !isByteCount(size)) return undefined;
  if (sha256 !== undefined && !isSha256(sha256)) return undefined;
  if (integrity !== undefined && !isIntegrity(integrity)) return undefined;
  // An entry without a digest would look like a pin and pin nothing.
  if (sha256 === undefined && integrity === undefined) return undefined;
  if (proof !== undefined && !isShown(proof, { sha256, integrity })) return undefined;
  return {
    name,
    ...(size === undefined ? {} : { size }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(integrity === undefined ? {} : { integrity }),
    ...(proof === undefined ? {} : { proof }),
  };
}

/** A level that the digests cannot show is a claim without data: npm's proofs are over its SHA-512. */
function isShown(
  proof: unknown,
  { sha256, integrity }: { readonly sha256: unknown; readonly integrity: unknown },
): proof is ProofLevel {
  if (!isProofLevel(proof) || proof === 'digest') return false;
  return (proof.startsWith('npm-') ? integrity : sha256) !== undefined;
}

function isIntegrity(value: unknown): value is string {
  return typeof value === 'string' && /^sha512-[A-Za-z0-9+/]{86}==$/.test(value);
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

interface Known {
  readonly version: string | undefined;
  readonly repo: string;
}

/** A lockfile whose digests do not count; its rules can be read, so writing it anew keeps them. */
function invalid(path: string, what: string, { version, repo }: Known): CodexRuntimeError {
  const command = pinCommand({ version: version ?? '<version>', repo });
  return new CodexRuntimeError('LOCK_INVALID', `${path} ${what}.`, {
    hint: `Run "${command}" to write it anew, and commit the result.`,
    fields: { path, ...(version === undefined ? {} : { version }) },
  });
}

const RESTORE =
  'Restore it from version control; or remove it, and with it its rules (repository, signature), and pin again.';
const MERGE =
  'Take either side of the merge, then run "codex-runtime pin" with the version that is wanted.';

/** A lockfile whose rules cannot be read: nobody may write it anew without them. */
function lossy(
  path: string,
  what: string,
  { hint = RESTORE, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): CodexRuntimeError {
  return new CodexRuntimeError('LOCK_INVALID', `${path} ${what}.`, {
    hint,
    fields: { path },
    cause,
  });
}
