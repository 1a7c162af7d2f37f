import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { aborted, unavailable } from '../http/index.ts';
import type { AssetSource } from '../resolve/asset.ts';
import type { Environment } from '../settings.ts';
import type { ByteSource } from './byte-source.ts';
import { createFileSource } from './file-source.ts';

/**
 * All that gh gets of the environment: itself, its credentials, and the way to the network.
 * Compared in upper case, because Windows writes `Path` and proxies come in both.
 */
const GH_ENVIRONMENT: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'SYSTEMROOT',
  'XDG_CONFIG_HOME',
  'XDG_STATE_HOME',
  'XDG_DATA_HOME',
  'GH_CONFIG_DIR',
  'GH_HOST',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
]);
const MAX_STDERR = 4096;
/** gh gets this long to end after SIGTERM before it is killed, in ms. */
const GRACE = 2_000;

/**
 * `gh release download`: works where gh is logged in and nothing else is. The asset arrives whole
 * in a directory of its own below `workDir` and is read from there.
 */
export function createGhSource(
  source: Extract<AssetSource, { kind: 'gh' }>,
  asset: string,
  options: { readonly workDir: string; readonly env: Environment },
): ByteSource {
  let dir: string | undefined;
  let ready: ByteSource | undefined;
  return {
    kind: 'gh',
    address: `gh:${source.host}/${source.repo}@${source.tag}/${asset}`,
    async open(range, signal) {
      if (ready === undefined) {
        dir ??= await mkdtemp(join(options.workDir, 'gh-'));
        await runGh(ghArguments(source, asset, dir), options.env, signal);
        ready = createFileSource(join(dir, asset), 'gh');
      }
      return ready.open(range, signal);
    },
    async close() {
      if (dir !== undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

/**
 * Every value that comes from outside is attached to its option with `=` or stands after `--`, so
 * that a tag or a name that starts with a dash stays a value; `--pattern` is a glob.
 */
export function ghArguments(
  { host, repo, tag }: Extract<AssetSource, { kind: 'gh' }>,
  asset: string,
  dir: string,
): string[] {
  const pattern = asset.replace(/[\\*?[\]{}]/g, '\\$&');
  const command = ['release', 'download', `--repo=${host}/${repo}`, `--pattern=${pattern}`];
  return [...command, `--dir=${dir}`, '--', tag];
}

async function runGh(args: string[], env: Environment, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw aborted(signal);
  const child = spawn('gh', args, {
    env: ghEnvironment(env),
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR);
  });
  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    killing = setTimeout(() => child.kill('SIGKILL'), GRACE);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    }).catch((cause: unknown) => {
      throw spawnFailure(cause);
    });
    if (signal.aborted) throw aborted(signal);
    if (status !== 0) throw ghFailure(status, stderr, env);
  } finally {
    clearTimeout(killing);
    signal.removeEventListener('abort', stop);
  }
}

function ghEnvironment(env: Environment): Record<string, string> {
  const allowed = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && GH_ENVIRONMENT.has(entry[0].toUpperCase()),
  );
  // Without a terminal gh must neither ask nor look for its own updates.
  return { ...Object.fromEntries(allowed), GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1' };
}

function spawnFailure(cause: unknown) {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
    return unavailable('gh cannot be started.', { reason: 'missing-tool', cause });
  }
  return unavailable('gh is not installed.', {
    reason: 'missing-tool',
    hint: 'Install GitHub CLI and run `gh auth login` to use its credentials.',
    cause,
  });
}

function ghFailure(status: number | null, stderr: string, env: Environment) {
  const said = withoutSecrets(stderr.trim().split('\n').at(-1) ?? '', env);
  const notFound = /not found|no assets match|404/i.test(stderr);
  const unauthorized = /auth login|401|403|GH_TOKEN/i.test(stderr);
  return unavailable(`gh release download failed (${status ?? 'killed'}): ${said}`, {
    reason: notFound ? 'not-found' : unauthorized ? 'unauthorized' : 'unreachable',
    hint: 'Run `gh auth status` to see which hosts gh can reach.',
  });
}

/** What a child prints is shown, so its own credentials are cut out of it first. */
function withoutSecrets(text: string, env: Environment): string {
  let clean = text;
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.length < 4 || !/TOKEN|_PROXY$/i.test(name)) continue;
    clean = clean.replaceAll(value, '***');
  }
  return clean;
}
