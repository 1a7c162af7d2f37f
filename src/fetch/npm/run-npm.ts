import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { childEnvironment } from '../../child/environment.ts';
import { type ProgramResult, runProgram } from '../../child/run-program.ts';
import { searchDirs } from '../../child/search-path.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { Environment, Settings } from '../../request/index.ts';

/** Where npm finds credentials: a CI's identity token, and the names that `.npmrc` files often use. */
const CREDENTIALS: readonly string[] = [
  'NODE_AUTH_TOKEN',
  'NPM_TOKEN',
  'NPM_ID_TOKEN',
  'SIGSTORE_ID_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_URL',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
];

/** How npm tells which CI it runs in, and what it writes into a provenance statement. */
const PROVENANCE = /^(?:GITHUB_|RUNNER_|GITLAB_|CI_|CIRCLECI$)/;
/** A CI's other credentials have such names too; npm gets those that an `.npmrc` names. */
const SECRET = /TOKEN|PASSWORD|SECRET|_KEY|_AUTH|CREDENTIAL/;

export interface NpmRun {
  readonly settings: Pick<Settings, 'env' | 'cwd'>;
  /** Lets npm ask for a one-time password. */
  readonly terminal?: boolean | undefined;
  /** URL of the proxy that npm takes for everything, in place of those of its configuration. */
  readonly proxy?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the npm of this machine in the working directory, so that it reads the same `.npmrc` files as
 * when it is called by hand, and takes its credentials from where it always does.
 * @throws CodexRuntimeError `PUBLISH_FAILED` when there is no npm; `ABORTED`
 */
export async function runNpm(args: readonly string[], run: NpmRun): Promise<ProgramResult> {
  const { settings, terminal, proxy, signal } = run;
  const [file, first] = npmCommand(settings.env);
  return await runProgram({
    file,
    args: [...first, ...args],
    env: withProxy(await npmEnvironment(settings), proxy),
    cwd: settings.cwd,
    terminal,
    signal,
    notStarted,
  });
}

function notStarted(cause: unknown): CodexRuntimeError {
  return new CodexRuntimeError('PUBLISH_FAILED', 'npm could not be started.', {
    hint: 'Install npm, or put it on PATH.',
    cause,
  });
}

/** npm's own settings; the variables are left to what else a signer of provenance uses. */
function withProxy(env: Record<string, string>, proxy: string | undefined) {
  if (proxy === undefined) return env;
  const others = Object.entries(env).filter(([name]) => !PROXY_SETTING.test(name));
  return {
    ...Object.fromEntries(others),
    npm_config_https_proxy: proxy,
    npm_config_proxy: proxy,
    // Without any, npm would take NO_PROXY.
    npm_config_noproxy: 'invalid',
  };
}

const PROXY_SETTING = /^npm_config_(?:https?_)?(?:proxy|noproxy)$/i;

async function npmEnvironment(settings: NpmRun['settings']): Promise<Record<string, string>> {
  const named = await namedInNpmrc(settings);
  return childEnvironment(
    settings.env,
    (name) =>
      name.startsWith('NPM_CONFIG_') ||
      CREDENTIALS.includes(name) ||
      (PROVENANCE.test(name) && !SECRET.test(name)) ||
      named.has(name),
  );
}

/** The variables that the user's and the project's `.npmrc` name as `${NAME}`, in upper case. */
async function namedInNpmrc({ env, cwd }: NpmRun['settings']): Promise<ReadonlySet<string>> {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? cwd;
  const user = env['npm_config_userconfig'] ?? env['NPM_CONFIG_USERCONFIG'] ?? join(home, '.npmrc');
  const texts = await Promise.all(
    // A file that is not there names nothing; npm itself complains of one it cannot read.
    [user, join(cwd, '.npmrc')].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  const names = texts.flatMap((text) => [...text.matchAll(/\$\{(\w+)\??\}/g)]);
  return new Set(names.map(([, name]) => name?.toUpperCase() ?? ''));
}

/**
 * npm's script, run by this Node, where it is known; else the command, which Windows cannot start.
 * There npm comes with Node, or lies beside its `npm.cmd` on PATH.
 * @throws CodexRuntimeError `PUBLISH_FAILED` when Windows has no npm
 */
export function npmCommand(
  env: Environment,
  { platform, execPath }: Pick<NodeJS.Process, 'platform' | 'execPath'> = process,
): readonly [string, readonly string[]] {
  const own = env['npm_execpath'];
  if (own !== undefined && basename(own) === 'npm-cli.js') return [execPath, [own]];
  if (platform !== 'win32') return ['npm', []];
  const script = [dirname(execPath), ...searchDirs(env)]
    .map((dir) => join(dir, 'node_modules', 'npm', 'bin', 'npm-cli.js'))
    .find((path) => existsSync(path));
  if (script === undefined) throw notStarted(undefined);
  return [execPath, [script]];
}
