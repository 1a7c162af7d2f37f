import { CodexRuntimeError } from '../../errors.ts';
import { tryParseRepository } from '../../pin/index.ts';

/** Where the source of Codex is; `repository` of a package replaces it. */
const CODEX_REPOSITORY = 'https://github.com/openai/codex';

/** As git spells a repository behind SSH: `git@github.com:owner/name.git`. */
const SCP = /^([\w.-]+@[\w.-]+):(?!\/)(.+)$/;

/**
 * A repository's URL as templates take it, without what npm and git add to it: from an `https`,
 * `http` or `ssh` URL, with or without `git+` and `.git`, from git's `user@host:path`, or from
 * GitHub's `owner/name`.
 * @throws CodexRuntimeError `USAGE` for what is none of them, and for one with a password or a
 * token, which every package would show
 */
export function repositoryUrl(text: string = CODEX_REPOSITORY): string {
  const url = parseUrl(text);
  const names = url?.pathname.replace(/^\/+|(?:\.git)?\/*$/g, '');
  if (url === null || !names || url.search !== '' || url.hash !== '') {
    throw new CodexRuntimeError('USAGE', 'The repository is not a URL that npm accepts for one.', {
      hint: 'Write it like https://github.com/owner/name, or owner/name.',
    });
  }
  // SSH names a user, which everybody who reads shares; of the web it may be a token.
  if (url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:')) {
    throw new CodexRuntimeError('USAGE', "The repository's URL holds a user or a password.", {
      hint: 'Leave it out: the URL becomes part of every package.',
    });
  }
  return url.href.replace(/(?:\.git)?\/*$/, '');
}

function parseUrl(text: string): URL | null {
  // A parser of URLs leaves line breaks and tabs out without a word.
  if (/\s/.test(text)) return null;
  if (tryParseRepository(text) !== undefined) return new URL(text, 'https://github.com');
  const plain = text.replace(/^git\+/, '').replace(SCP, 'ssh://$1/$2');
  const url = URL.canParse(plain) ? new URL(plain) : null;
  return url !== null && /^(?:https?|ssh):$/.test(url.protocol) ? url : null;
}
