import type { Member } from './member.ts';
import type { RefusalReason } from './refusal.ts';

/** What names may not hold on any system, whichever one unpacks: any target comes to any host. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffd]/u;
const WINDOWS_CHARACTER = /[<>"|?*:]/;
const WINDOWS_DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])(\.|$)/i;
/** An 8.3 alias such as `CODEX~1` may be another member's second name. */
const WINDOWS_ALIAS = /~\d/;
const SEGMENT_BYTES = 255;

/** A member's name as path segments; no segments is the root itself. */
export type ParsedName = { readonly segments: readonly string[] } | { reason: RefusalReason };

/** Reads a member's name under the policy for names; pure, so that a table can test it. */
export function parseMemberName(
  { name, kind }: Pick<Member, 'name' | 'kind'>,
  pathLength: number,
): ParsedName {
  if (name.length > pathLength) return { reason: 'path-too-long' };
  if (INVISIBLE.test(name)) return { reason: 'control-character' };
  if (name.includes('\\')) return { reason: 'backslash' };
  if (name.startsWith('/')) return { reason: 'absolute-path' };
  if (/^[a-z]:/i.test(name)) return { reason: 'drive-letter' };
  const segments = relativeSegments(name, kind);
  for (const segment of segments) {
    const reason = segmentFault(segment);
    if (reason !== undefined) return { reason };
  }
  if (segments.length === 0 && kind === 'file') return { reason: 'malformed-name' };
  return { segments };
}

/** `./` in front and a directory's closing slash are how tar writes names; nothing else is dropped. */
function relativeSegments(name: string, kind: Member['kind']): readonly string[] {
  const bare = kind === 'directory' ? name.replace(/\/$/, '') : name;
  if (bare === '.') return [];
  return bare.replace(/^\.\//, '').split('/');
}

function segmentFault(segment: string): RefusalReason | undefined {
  if (segment === '..') return 'traversal';
  if (segment === '' || segment === '.') return 'malformed-name';
  if (Buffer.byteLength(segment) > SEGMENT_BYTES) return 'path-too-long';
  if (/[. ]$/.test(segment) || WINDOWS_CHARACTER.test(segment)) return 'reserved-name';
  if (WINDOWS_DEVICE.test(segment) || WINDOWS_ALIAS.test(segment)) return 'reserved-name';
  return undefined;
}
