import { DEFAULT_REPO, isUpstream } from '../pin/index.ts';

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
