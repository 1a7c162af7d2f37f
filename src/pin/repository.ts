import { CodexRuntimeError } from '../errors.ts';

/** Whose releases are meant where nobody names others. */
export const DEFAULT_REPO = 'openai/codex';

/**
 * Reads an `owner/name`. GitHub ignores its letter case, so a repository has one spelling here, in
 * lower case, and two of them can be compared with `===`.
 * @returns undefined for anything else: it becomes part of URLs, so no segment may be `..`
 */
export function tryParseRepository(text: string): string | undefined {
  const segments = text.split('/');
  const plain = segments.every((name) => /^[\w.-]+$/.test(name) && !/^(-|\.{1,2}$)/.test(name));
  return segments.length === 2 && plain ? text.toLowerCase() : undefined;
}

/**
 * As {@link tryParseRepository}, for what a user names.
 * @throws CodexRuntimeError `USAGE`
 */
export function parseRepository(text: string): string {
  const repo = tryParseRepository(text);
  if (repo !== undefined) return repo;
  throw new CodexRuntimeError('USAGE', `The repository "${text}" is not an owner/name.`, {
    hint: 'Write it like openai/codex.',
  });
}

/** Whether `repo` is the one whose releases the mirror and npm carry. */
export function isUpstream(repo: string): boolean {
  return repo === DEFAULT_REPO;
}
