import parse from 'semver/functions/parse.js';
import { CodexRuntimeError } from '../errors.ts';
import { hasPlatform, versionHint } from './version-hint.ts';

/** One Codex version in every spelling that a channel uses. */
export interface Version {
  /** `0.115.0-alpha.11`; the canonical form, and npm's. */
  readonly semver: string;
  /** `rust-v0.115.0-alpha.11`; the Git tag. */
  readonly tag: string;
  /** `0.115.0a11`; null where PEP 440 has no form for it (`-alpha.6.1`). */
  readonly pep440: string | null;
  /** A release is a prerelease iff its version contains `-`. */
  readonly prerelease: boolean;
}

/** What needs no parser: the versions of releases. The numbers are within what semver takes. */
const RELEASE = /^(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})$/;
const PEP440_SPELLING = /^(\d+\.\d+\.\d+)(a|b|rc)(\d+)$/;
const PEP440_LETTER = { alpha: 'a', beta: 'b', rc: 'rc' } as const;
const SEMVER_WORD = { a: 'alpha', b: 'beta', rc: 'rc' } as const;

/**
 * Reads `0.115.0`, `v0.115.0`, `rust-v0.115.0` or `0.115.0a11` (PEP 440): all mean one version.
 * Returns undefined when the text is not an exact version.
 */
export function tryParseVersion(text: string): Version | undefined {
  const bare = text.trim().replace(/^(rust-)?v/, '');
  if (RELEASE.test(bare)) {
    return { semver: bare, tag: `rust-v${bare}`, pep440: bare, prerelease: false };
  }
  const python = PEP440_SPELLING.exec(bare);
  const spelled =
    python === null
      ? bare
      : `${python[1]}-${SEMVER_WORD[python[2] as keyof typeof SEMVER_WORD]}.${python[3]}`;
  const parsed = parse(spelled);
  // Build metadata and loose spellings (`=1.2.3`, ` 1.2.3`) would give one version two names.
  if (parsed === null || parsed.version !== spelled) return undefined;
  return {
    semver: parsed.version,
    tag: `rust-v${parsed.version}`,
    pep440: toPep440(`${parsed.major}.${parsed.minor}.${parsed.patch}`, parsed.prerelease),
    prerelease: parsed.prerelease.length > 0,
  };
}

/**
 * As {@link tryParseVersion}, for text that must be an exact version.
 * @throws CodexRuntimeError `PIN_INVALID`
 */
export function parseVersion(text: string): Version {
  const version = hasPlatform(text) ? undefined : tryParseVersion(text);
  if (version !== undefined) return version;
  throw new CodexRuntimeError('PIN_INVALID', `"${text}" is not a Codex version.`, {
    hint: versionHint(text, 'Write it like 0.115.0, 0.116.0-alpha.11 or rust-v0.115.0.'),
    fields: { version: text },
  });
}

function toPep440(release: string, prerelease: readonly (string | number)[]): string | null {
  if (prerelease.length === 0) return release;
  const [word, number] = prerelease;
  if (prerelease.length !== 2 || typeof number !== 'number') return null;
  const letter = PEP440_LETTER[word as keyof typeof PEP440_LETTER];
  return letter === undefined ? null : `${release}${letter}${number}`;
}
