import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The users whose files may decide what runs for somebody who works in `dir`: that user, root, and
 * the owner of `dir` (so that root in a container may work in a checkout of another user). Null on
 * Windows, where files have no numeric owner.
 */
export function trustedOwners(dir: string): ReadonlySet<number> | null {
  const user = process.geteuid?.();
  if (user === undefined) return null;
  const owner = statOf(dir)?.uid;
  return new Set([user, 0, ...(owner === undefined ? [] : [owner])]);
}

/**
 * How others than these users could have put `path` there: the end of a sentence that starts with the
 * path, like `belongs to user 1001`. Undefined where they could not, and where nothing lies there.
 */
export function writtenByOthers(
  path: string,
  trusted: ReadonlySet<number> | null,
): string | undefined {
  if (trusted === null) return undefined;
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  const target = statOf(path);
  // A link belongs to whoever chose its target.
  const owners = [entry, ...(target === undefined ? [] : [target])].map(({ uid }) => uid);
  const stranger = owners.find((uid) => !trusted.has(uid));
  if (stranger !== undefined) return `belongs to user ${stranger}`;
  const linked = entry.isSymbolicLink() && target !== undefined ? [realpathSync(path)] : [];
  if (target?.isDirectory() === true && isOpen(target)) return 'can be written to by everybody';
  const lies = [path, ...linked].some((each) => isOpen(statSync(dirname(each))));
  return lies ? 'lies in a directory that everybody can write to' : undefined;
}

function isOpen({ mode }: Stats): boolean {
  return (mode & 0o002) !== 0;
}

/** What lies at `path`; undefined for nothing, and for what cannot be looked at. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
