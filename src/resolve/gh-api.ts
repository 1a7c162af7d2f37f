import { execFile } from 'node:child_process';
import { unavailable } from '../http/index.ts';
import type { Environment, GitHubSettings } from '../settings.ts';
import { requireRelease } from './github-api.ts';
import type { ReleaseDocument } from './release-document.ts';

/** What gh needs to find its configuration, its credentials and the network; nothing else goes in. */
const ALLOWED = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'SYSTEMROOT',
  'TMPDIR',
  'TEMP',
  'TMP',
  'XDG_CONFIG_HOME',
  'XDG_STATE_HOME',
  'XDG_DATA_HOME',
  'GH_CONFIG_DIR',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
] as const;

const TIME_LIMIT = 30_000;
const MAX_OUTPUT = 16 * 2 ** 20;

/**
 * The release as `gh api` sees it, with the credentials that gh has: for private forks, and when
 * the anonymous quota is used up.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when gh is missing, not signed in, or fails.
 */
export async function ghRelease(
  settings: GitHubSettings,
  env: Environment,
  tag: string,
  signal?: AbortSignal,
): Promise<ReleaseDocument> {
  const host = new URL(settings.serverUrl).host;
  const path = `repos/${settings.repo}/releases/tags/${encodeURIComponent(tag)}`;
  const text = await runGh(['api', '--hostname', host, '--method', 'GET', path], env, signal);
  return requireRelease(parse(text), `${settings.apiUrl}/${path}`, tag);
}

function runGh(args: string[], env: Environment, signal: AbortSignal | undefined): Promise<string> {
  const allowed = Object.fromEntries(ALLOWED.map((name) => [name, env[name]]));
  const options = {
    env: { ...allowed, GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1' },
    timeout: TIME_LIMIT,
    maxBuffer: MAX_OUTPUT,
    windowsHide: true,
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    execFile('gh', args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(ghFailure(error, stderr));
    });
  });
}

function ghFailure(error: Error & { code?: unknown }, stderr: string) {
  if (error.code === 'ENOENT') {
    return unavailable('gh is not installed.', { reason: 'missing-tool', cause: error });
  }
  const said = stderr.trim().split('\n')[0] ?? '';
  const missing = /HTTP 404|Not Found/.test(stderr);
  return unavailable(`gh api failed: ${said === '' ? 'no answer in time' : said}`, {
    reason: missing ? 'not-found' : 'unauthorized',
    hint: 'Check "gh auth status".',
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unavailable('gh api did not print a JSON document.', { reason: 'not-an-asset', cause });
  }
}
