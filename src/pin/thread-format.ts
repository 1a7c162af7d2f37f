import lt from 'semver/functions/lt.js';

/** From here on Codex numbers the lines of a stored thread. */
const NUMBERED = '0.150.0-0';

/**
 * What a pin that goes from one version to an older one means for stored threads; undefined when it
 * means nothing. Both are semver.
 */
export function threadWarning(from: string | null, to: string): string | undefined {
  if (from === null || lt(from, NUMBERED) || !lt(to, NUMBERED)) return undefined;
  return `Codex ${to} resumes threads of Codex ${from}, but what it adds makes newer versions refuse them. Give it a CODEX_HOME of its own.`;
}
