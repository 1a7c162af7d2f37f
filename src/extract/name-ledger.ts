import type { Member } from './member.ts';
import type { RefusalReason } from './refusal.ts';

interface Known {
  readonly path: string;
  readonly kind: Member['kind'];
  /** False for a directory that only a member's path implies. */
  readonly declared: boolean;
}

/**
 * The names of one tree so far. No two may be one name on any file system: compared without case
 * and in compatibility normal form, which is at least as coarse as APFS, HFS+ and NTFS.
 */
export class NameLedger {
  readonly #known = new Map<string, Known>();

  /** Names so far, implied directories included. */
  get size(): number {
    return this.#known.size;
  }

  /** Enters a path and its parents; says what is wrong with that, or nothing. */
  enter(segments: readonly string[], kind: Member['kind']): RefusalReason | undefined {
    for (let depth = 1; depth < segments.length; depth++) {
      const parent = { path: segments.slice(0, depth).join('/'), kind: 'directory' } as const;
      const fault = this.#add({ ...parent, declared: false });
      if (fault !== undefined) return fault;
    }
    return this.#add({ path: segments.join('/'), kind, declared: true });
  }

  #add(entry: Known): RefusalReason | undefined {
    const key = folded(entry.path);
    const known = this.#known.get(key);
    if (known === undefined || (known.path === entry.path && !known.declared)) {
      if (known !== undefined && known.kind !== entry.kind) return 'file-directory-clash';
      if (known === undefined || entry.declared) this.#known.set(key, entry);
      return undefined;
    }
    if (known.path !== entry.path) return 'colliding-names';
    if (known.kind !== entry.kind) return 'file-directory-clash';
    return entry.declared ? 'duplicate-name' : undefined;
  }
}

function folded(path: string): string {
  // Upper case first: it joins what lower case alone keeps apart (ß and ss, ſ and s).
  return path.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKC');
}
