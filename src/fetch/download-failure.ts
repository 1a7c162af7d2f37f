import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { DEFAULT_REPO, isUpstream } from '../pin/index.ts';
import { unavailable } from './http/index.ts';

/**
 * What was read so far is invalid and the partial file is gone: the same download has to be opened
 * again and read from its first byte. A `TRUNCATED` with `fields.restart`; bytes that a consumer
 * has already taken cannot be taken back, so nothing is ever spliced instead.
 *
 * @param cause The verdict that stands when starting over does not help either.
 */
export function restart(asset: string, why: string, cause?: CodexRuntimeError): CodexRuntimeError {
  return new CodexRuntimeError('TRUNCATED', `${asset} has to be downloaded again: ${why}.`, {
    hint: 'Run the command again.',
    fields: { asset, restart: true },
    cause,
  });
}

export function isRestart(error: unknown): error is CodexRuntimeError {
  return isCodexRuntimeError(error, 'TRUNCATED') && error.fields['restart'] === true;
}

/** Whether a body begins like a web page: nothing that is downloaded here does. */
export function isWebPage(start: Buffer): boolean {
  return /^\s*<(!doctype html|html)/i.test(start.subarray(0, 64).toString('latin1'));
}

/**
 * A `SOURCE_UNAVAILABLE` (`not-an-asset`): a page came where an asset was asked for.
 * @param shown where it came from, safe to show
 */
export function webPage(
  shown: string,
  facts: { readonly url?: URL; readonly status?: number } = {},
): CodexRuntimeError {
  return unavailable(`${shown} is a web page, not an archive.`, {
    ...facts,
    reason: 'not-an-asset',
    hint: 'A login page or a proxy may have answered instead.',
  });
}

/** The hint for bytes that changed after they were published, and how to accept them. */
export const ACCEPT_HINT =
  'A release must not change after it was published. Find out who changed it; only if the new bytes are right, remove the lockfile and pin again.';

/**
 * The hint for when no source of `repo` answers, beside the hints of the single failures. A fork has
 * no other sources to choose from.
 */
export function silentSourcesHint(repo: string): string {
  if (isUpstream(repo)) {
    return 'Choose another --source, or run "codex-runtime doctor".';
  }
  return `Check the network, the proxy and the name ${repo}; a private repository needs GH_TOKEN. OpenAI's mirror and npm have builds of ${DEFAULT_REPO} alone.`;
}
