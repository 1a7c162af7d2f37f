import { CodexRuntimeError } from '../errors.ts';
import type { Version } from './version.ts';

/** A version as a channel lists it. */
export interface DatedVersion extends Version {
  /** When it was published, in ms since the epoch; null where the channel does not say. */
  readonly publishedAt: number | null;
}

/** How old a release has to be, as a user says it. */
export interface MinimumAge {
  /** Milliseconds; 0 for no minimum. */
  readonly ms: number;
  /** Who says so: the flag or a variable. */
  readonly origin: string;
}

/** Which releases are old enough for `latest`, `alpha` and ranges. */
export interface ReleaseAge {
  /** What was published after it is too young; ms since the epoch. */
  readonly cutoff: number;
  /** What is asked for, as a sentence without its end: `npm's min-release-age asks for 7 days`. */
  readonly rule: string;
}

/** A version that a moving name would mean, but for its age. */
export interface PassedOver {
  /** Semver. */
  readonly version: string;
  /** ISO 8601; null where the channel does not say. */
  readonly publishedAt: string | null;
  /** `undated`: the channel does not say when it was published; `future`: only after now. */
  readonly reason: 'too-young' | 'undated' | 'future';
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
/** A hundred years: more is a mistake, and would leave the range of dates. */
const LONGEST = 36_525 * UNITS.d;

/**
 * Reads `3d`, `36h`, `2w`, `90m`, or a bare number of days as npm has it.
 * @param origin who says so, for messages
 * @throws CodexRuntimeError `USAGE`
 */
export function parseMinimumAge(text: string, origin: string): MinimumAge {
  const [, count, unit = 'd'] = /^(\d{1,7}(?:\.\d{1,6})?)([mhdw])?$/.exec(text.trim()) ?? [];
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS];
  if (ms <= LONGEST) return { ms, origin };
  // A minimum that cannot be read must not count as none.
  throw new CodexRuntimeError('USAGE', `${origin} is "${text}", which is not an age.`, {
    hint: 'Write it like 3d, 36h or 2w; a number alone is days, and 0 means no minimum.',
    fields: { origin, value: text },
  });
}

/** The rule that a minimum makes now; null for no minimum. */
export function ageRule({ ms, origin }: MinimumAge, now = Date.now()): ReleaseAge | null {
  if (ms === 0) return null;
  return { cutoff: now - ms, rule: `${origin} asks for ${formatAge(ms)}` };
}

/** Why a version is passed over; null where it is old enough. */
export function passedOver(
  { semver: version, publishedAt }: DatedVersion,
  { cutoff }: ReleaseAge,
  now = Date.now(),
): PassedOver | null {
  if (publishedAt === null) return { version, publishedAt: null, reason: 'undated' };
  if (publishedAt <= cutoff) return null;
  const reason = publishedAt > now ? 'future' : 'too-young';
  return { version, publishedAt: new Date(publishedAt).toISOString(), reason };
}

/** How many versions a sentence names before it counts the others. */
const NAMED = 3;

/** What was passed over and why, as a sentence without its end. */
export function describePassedOver(
  versions: readonly PassedOver[],
  { rule }: Pick<ReleaseAge, 'rule'>,
  now = Date.now(),
): string {
  const named = versions.slice(0, NAMED).map((one) => `${one.version} (${whyPassed(one, now)})`);
  const more = versions.length - named.length;
  const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const exact = versions.some(({ reason }) => reason === 'undated')
    ? '; a release without a date is taken only by its exact version'
    : '';
  return `${list}: ${rule}${exact}`;
}

function whyPassed({ publishedAt, reason }: PassedOver, now: number): string {
  if (publishedAt === null) return 'without a date';
  if (reason === 'future') return `dated ${publishedAt}, after now by this machine's clock`;
  return `published ${formatAge(now - Date.parse(publishedAt))} ago`;
}

/** Days from two days on, hours from two hours on, else minutes. */
function formatAge(ms: number): string {
  const [size, unit] =
    ms >= 2 * UNITS.d || ms % UNITS.d === 0
      ? [UNITS.d, 'day']
      : ms >= 2 * UNITS.h || ms % UNITS.h === 0
        ? [UNITS.h, 'hour']
        : [UNITS.m, 'minute'];
  const count = Math.floor((ms / size) * 10) / 10;
  const shown = count >= 10 ? Math.floor(count) : count;
  return `${shown} ${unit}${shown === 1 ? '' : 's'}`;
}
