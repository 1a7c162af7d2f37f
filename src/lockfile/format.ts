import { createHash } from 'node:crypto';
import { isJsonObject } from '../json.ts';
import { TARGETS, type Triple } from '../target/index.ts';
import type { Lock, LockedTarget } from './lock.ts';

/**
 * Version 1 is what had no levels of proof. What it cannot say makes a lockfile version 2, so that a
 * command that does not know these rules refuses the file and does not ignore them.
 */
export const LOCKFILE_VERSION = 2;

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
export function checksumOf(document: Readonly<Record<string, unknown>>): string {
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
