import validRange from 'semver/ranges/valid.js';
import { CodexRuntimeError } from '../errors.ts';
import { tryParseVersion, type Version } from './version.ts';
import { hasPlatform, versionHint } from './version-hint.ts';

/** What a user may ask for: one version, a semver range, or a moving name. */
export type VersionSpec =
  | { readonly kind: 'exact'; readonly version: Version }
  /** A semver range as it was typed, e.g. `~0.115.0`. */
  | { readonly kind: 'range'; readonly range: string }
  /** `latest` is the newest stable release, `alpha` the newest alpha. */
  | { readonly kind: 'channel'; readonly name: 'latest' | 'alpha' };

/** Longer texts are refused before a pattern looks at them. */
const MAX_LENGTH = 256;

/**
 * Reads an exact version in any spelling that {@link tryParseVersion} knows, `latest`, `alpha`, or a
 * semver range (`^0.115.0`, `0.115`, `>=0.110 <0.116`).
 * @throws CodexRuntimeError `PIN_INVALID` for anything else, the empty text included.
 */
export function parseSpec(text: string): VersionSpec {
  const spelled = text.trim();
  if (spelled !== '' && spelled.length <= MAX_LENGTH) {
    const version = hasPlatform(spelled) ? undefined : tryParseVersion(spelled);
    if (version !== undefined) return { kind: 'exact', version };
    const name = spelled.toLowerCase();
    if (name === 'latest' || name === 'alpha') return { kind: 'channel', name };
    const range = hasPlatform(spelled) ? null : validRange(spelled);
    if (range !== null) {
      // `=0.115.0` is a range of one version.
      const only = tryParseVersion(range);
      return only === undefined
        ? { kind: 'range', range: spelled }
        : { kind: 'exact', version: only };
    }
  }
  const shown = spelled.slice(0, MAX_LENGTH);
  throw new CodexRuntimeError('PIN_INVALID', `"${shown}" is not a Codex version.`, {
    hint: versionHint(
      shown,
      'Write an exact version like 0.115.0 or 0.116.0-alpha.11, a range like ^0.115.0, or latest.',
    ),
    fields: { version: shown },
  });
}

/** The spec as a user would write it. */
export function formatSpec(spec: VersionSpec): string {
  switch (spec.kind) {
    case 'exact':
      return spec.version.semver;
    case 'range':
      return spec.range;
    case 'channel':
      return spec.name;
  }
}
