import type { ExtractedFiles, ExtractLimits } from './extract.ts';
import { entrypointOf, type LaidOut, placeMember } from './layout.ts';
import type { Member } from './member.ts';
import { parseMemberName } from './member-name.ts';
import { NameLedger } from './name-ledger.ts';
import type { Refuse } from './refusal.ts';

const EXECUTABLE_MODE = 0o755;
const FILE_MODE = 0o644;

/** Where a file goes and with which mode. */
export interface Admitted {
  readonly path: string;
  readonly mode: number;
}

interface PolicyOptions {
  readonly asset: LaidOut;
  readonly limits: ExtractLimits;
  readonly refuse: Refuse;
  /** Milliseconds that the archive has taken until now, without the waits for its bytes. */
  readonly workMs: () => number;
}

/** The one policy for members of any archive: names, places, modes and caps. */
export class MemberPolicy {
  readonly #asset: LaidOut;
  readonly #limits: ExtractLimits;
  readonly #refuse: Refuse;
  readonly #workMs: () => number;
  readonly #archiveNames = new NameLedger();
  readonly #treeNames = new NameLedger();
  #members = 0;
  #bytes = 0;

  constructor({ asset, limits, refuse, workMs }: PolicyOptions) {
    this.#asset = asset;
    this.#limits = limits;
    this.#refuse = refuse;
    this.#workMs = workMs;
  }

  /** Undefined for a member that is known and not wanted. @throws CodexRuntimeError `ARCHIVE_REFUSED` */
  admit(member: Member): Admitted | undefined {
    this.#members += 1;
    if (this.#members > this.#limits.entries) throw this.#refuse('too-many-members', member.name);
    this.#expectTime(member);
    if (this.#bytes + (member.size ?? 0) > this.#limits.totalBytes) {
      throw this.#refuse('too-many-bytes', member.name);
    }
    const checked = parseMemberName(member, this.#limits.pathLength);
    if ('reason' in checked) throw this.#refuse(checked.reason, member.name);
    this.#enter(this.#archiveNames, checked.segments, member);
    const placement = placeMember(checked.segments, member.kind, this.#asset);
    if ('reason' in placement) throw this.#refuse(placement.reason, member.name);
    if ('skip' in placement) return undefined;
    const { path } = placement;
    this.#enter(this.#treeNames, path.split('/'), member);
    return { path, mode: modeOf(path, member.executable) };
  }

  /** The member's body, cut off by a refusal where all together are too many bytes or take too long. */
  async *capped(member: Member): AsyncGenerator<Buffer> {
    for await (const chunk of member.body) {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#limits.totalBytes) throw this.#refuse('too-many-bytes', member.name);
      this.#expectTime(member);
      yield chunk;
    }
  }

  /** @throws CodexRuntimeError `ARCHIVE_REFUSED` when `files` do not hold the executable */
  expectEntrypoint(files: ExtractedFiles): void {
    const entrypoint = files.find(({ path }) => path === entrypointOf(this.#asset.target));
    if (entrypoint === undefined || entrypoint.size === 0) {
      throw this.#refuse('entrypoint-missing', null);
    }
  }

  #expectTime({ name }: Member): void {
    if (this.#workMs() > this.#limits.workMs) throw this.#refuse('too-long', name);
  }

  #enter(ledger: NameLedger, segments: readonly string[], member: Member): void {
    if (segments.length === 0) return;
    const fault = ledger.enter(segments, member.kind);
    if (fault !== undefined) throw this.#refuse(fault, member.name);
    if (ledger.size > this.#limits.entries) throw this.#refuse('too-many-members', member.name);
  }
}

/** The place decides about execute bits, not the archive: old Windows builds carried none. */
function modeOf(path: string, executable: boolean): number {
  if (path.startsWith('bin/') || path.startsWith('codex-path/')) return EXECUTABLE_MODE;
  if (path.endsWith('.exe')) return EXECUTABLE_MODE;
  return executable && path.startsWith('codex-resources/') ? EXECUTABLE_MODE : FILE_MODE;
}
