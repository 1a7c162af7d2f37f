import { runGh } from '../fetch/gh/index.ts';
import { unavailable } from '../fetch/http/index.ts';
import { parseBoundedJson } from '../json-bounds.ts';
import type { Settings } from '../settings.ts';
import { type ReleaseDocument, readReleaseOf } from './release-document.ts';

const TIMEOUT_MS = 30_000;

/**
 * The release as `gh api` sees it, with the credentials that gh has: for private forks, and when
 * the anonymous quota is used up.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when gh is missing, not signed in, or fails.
 */
export async function ghRelease(
  { github, env }: Pick<Settings, 'github' | 'env'>,
  tag: string,
  signal?: AbortSignal,
): Promise<ReleaseDocument> {
  const path = `repos/${github.repo}/releases/tags/${encodeURIComponent(tag)}`;
  const host = new URL(github.serverUrl).host;
  // Not by --hostname, which takes no port.
  const text = await runGh(['api', '--method=GET', '--', path], {
    env: { ...env, GH_HOST: host },
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  return readReleaseOf(parse(text), `${github.apiUrl}/${path}`, tag);
}

function parse(text: string): unknown {
  try {
    return parseBoundedJson(text);
  } catch (cause) {
    throw unavailable('gh api did not print a JSON document.', { reason: 'not-an-asset', cause });
  }
}
