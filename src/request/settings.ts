import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CodexRuntimeError } from '../errors.ts';
import {
  DEFAULT_REPO,
  isUpstream,
  type MinimumAge,
  parseMinimumAge,
  parseRepository,
} from '../pin/index.ts';
import type { Host } from '../target/index.ts';
import { readWebUrl } from './web-url.ts';

/** Environment variables as a plain record, so that no room reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PUBLIC_API = 'https://api.github.com';

/** Everything that comes from the surroundings, read once and fully defaulted. */
export interface Settings {
  /** Absolute; `store/`, `partial/` and `staging/` lie in it. */
  readonly home: string;
  /** Absolute; where the search for a lockfile starts. */
  readonly cwd: string;
  /** Absolute path of the lockfile that is named, or of its directory; null to search upward. */
  readonly lockfile: string | null;
  readonly host: Host;
  /** For npm's configuration, proxies and the allow-listed environment of children. */
  readonly env: Environment;
  readonly github: GitHubSettings;
  /** Base URL of OpenAI's mirror, without a trailing slash. */
  readonly mirrorUrl: string;
  /** npm name whose versions are the platform builds. Default `@openai/codex`. */
  readonly npmPackage: string;
  /**
   * Whom to trust with signatures: absolute path of a Sigstore trusted root, `tuf` for the public
   * one brought up to date, null for the one that is built in.
   */
  readonly trustedRoot: string | null;
  /** The places that options named, which advice has to name again; not what a variable says. */
  readonly named: { readonly home?: string | undefined; readonly lockfile?: string | undefined };
  /** How old a release has to be for `latest`, `alpha` and ranges; null for what npm's configuration says. */
  readonly minReleaseAge: MinimumAge | null;
}

export interface GitHubSettings {
  /** REST API base, without a trailing slash. */
  readonly apiUrl: string;
  /** Base of browser URLs, without a trailing slash. */
  readonly serverUrl: string;
  /** `owner/name`, as `parseRepository` spells it. */
  readonly repo: string;
  /**
   * `GH_TOKEN`, else `GITHUB_TOKEN`; for a host that `GH_HOST` alone names `GH_ENTERPRISE_TOKEN`,
   * else `GITHUB_ENTERPRISE_TOKEN`, as gh does it: a token of github.com is not for other hosts.
   * Null when none is set.
   */
  readonly token: string | null;
  /** The variable that holds the token. */
  readonly tokenName: string | null;
}

export interface SettingsOverrides {
  readonly home?: string | undefined;
  readonly cwd?: string | undefined;
  readonly lockfile?: string | undefined;
  readonly repo?: string | undefined;
  readonly host?: Host | undefined;
  readonly trustedRoot?: string | undefined;
  readonly minReleaseAge?: string | undefined;
}

/**
 * Reads `CODEX_RUNTIME_HOME`, `CODEX_RUNTIME_LOCKFILE`, `CODEX_RUNTIME_TRUSTED_ROOT`,
 * `CODEX_RUNTIME_MIN_RELEASE_AGE`, `GITHUB_API_URL`, `GITHUB_SERVER_URL`,
 * `GH_HOST`, the tokens of {@link GitHubSettings.token} and `CODEX_RUNTIME_MIRROR_URL` from `env`;
 * proxies and npm's own variables are read from {@link Settings.env} by the rooms that honour them.
 * GitHub's and the mirror's are judged when they are first used: a run that asks neither needs none.
 * @throws CodexRuntimeError `USAGE` for a repository, host or URL that is not valid
 */
export function settingsFrom(
  env: Environment,
  here: { readonly cwd: string; readonly host: Host },
  overrides: SettingsOverrides = {},
): Settings {
  const cwd = overrides.cwd ?? here.cwd;
  const lockfile = overrides.lockfile ?? ifSet(env['CODEX_RUNTIME_LOCKFILE']);
  return {
    home: overrides.home ?? resolve(here.cwd, ifSet(env['CODEX_RUNTIME_HOME']) ?? defaultHome(env)),
    cwd,
    lockfile: lockfile === undefined ? null : resolve(cwd, lockfile),
    named: {
      home: overrides.home,
      lockfile: overrides.lockfile === undefined ? undefined : resolve(cwd, overrides.lockfile),
    },
    host: overrides.host ?? here.host,
    env,
    github: githubSettings(env, parseRepository(overrides.repo ?? DEFAULT_REPO)),
    get mirrorUrl() {
      return urlFrom(env, 'CODEX_RUNTIME_MIRROR_URL') ?? 'https://releases.openai.com/codex';
    },
    npmPackage: '@openai/codex',
    trustedRoot: trustedRoot(
      overrides.trustedRoot ?? ifSet(env['CODEX_RUNTIME_TRUSTED_ROOT']),
      cwd,
    ),
    minReleaseAge: minReleaseAge(env, overrides.minReleaseAge),
  };
}

function minReleaseAge(env: Environment, named: string | undefined): MinimumAge | null {
  if (named !== undefined) return parseMinimumAge(named, '--min-release-age');
  const variable = 'CODEX_RUNTIME_MIN_RELEASE_AGE';
  const text = ifSet(env[variable]);
  return text === undefined ? null : parseMinimumAge(text, variable);
}

function trustedRoot(named: string | undefined, cwd: string): string | null {
  if (named === undefined) return null;
  return named === 'tuf' ? named : resolve(cwd, named);
}

/** The same settings for another repository, spelled as `parseRepository` does it. */
export function settingsFor(settings: Settings, repo: string): Settings {
  // A spread would read what is read late.
  return Object.defineProperties({} as Settings, {
    ...Object.getOwnPropertyDescriptors(settings),
    github: { value: githubSettings(settings.env, repo), enumerable: true },
  });
}

/** What only GitHub needs is read, and judged, when GitHub is asked. */
function githubSettings(env: Environment, repo: string): GitHubSettings {
  return {
    repo,
    get apiUrl() {
      const host = enterpriseHost(env);
      return (
        urlFrom(env, 'GITHUB_API_URL') ??
        (host === undefined ? PUBLIC_API : `https://${host}/api/v3`)
      );
    },
    get serverUrl() {
      const host = enterpriseHost(env);
      return (
        urlFrom(env, 'GITHUB_SERVER_URL') ??
        (host === undefined ? 'https://github.com' : `https://${host}`)
      );
    },
    get token() {
      return readToken(env).token;
    },
    get tokenName() {
      return readToken(env).tokenName;
    },
  };
}

/** A token that was read from a file often ends with a line end, which no header may hold. */
function readToken(env: Environment): Pick<GitHubSettings, 'token' | 'tokenName'> {
  for (const tokenName of tokenNames(env)) {
    const token = env[tokenName]?.trim() ?? '';
    if (token !== '') return { token, tokenName };
  }
  return { token: null, tokenName: null };
}

function tokenNames(env: Environment): readonly string[] {
  const host = enterpriseHost(env);
  const ofEnterprise =
    host !== undefined && !host.endsWith('.ghe.com') && ifSet(env['GITHUB_API_URL']) === undefined;
  return ofEnterprise
    ? ['GH_ENTERPRISE_TOKEN', 'GITHUB_ENTERPRISE_TOKEN']
    : ['GH_TOKEN', 'GITHUB_TOKEN'];
}

/**
 * The token as it goes to GitHub's API: to the API's own origin, and to no other. Undefined where
 * there is no token.
 */
export function githubCredentials({ apiUrl, repo, token, tokenName }: GitHubSettings) {
  if (token === null) return undefined;
  return {
    origin: new URL(apiUrl).origin,
    authorization: `Bearer ${token}`,
    name: tokenName ?? 'the token',
    forPublic: isUpstream(repo) && apiUrl === PUBLIC_API,
  };
}

/** `GH_HOST` where it is another host than github.com. */
function enterpriseHost(env: Environment): string | undefined {
  const host = ifSet(env['GH_HOST'])?.toLowerCase();
  if (host === undefined || host === 'github.com') return undefined;
  const url = `https://${host}`;
  if (URL.canParse(url) && new URL(url).host === host) return host;
  throw usage({
    what: 'GH_HOST',
    text: host,
    problem: 'is not a host name.',
    hint: 'Write it like github.example.com.',
  });
}

function urlFrom(env: Environment, name: string): string | undefined {
  const text = ifSet(env[name]);
  if (text === undefined) return undefined;
  const url = readWebUrl(text, { base: true });
  if (url !== null) return trimSlash(url.href);
  const problem = 'is not an http or https URL without user, query and fragment.';
  throw usage({ what: name, text: null, problem, hint: 'Correct it, or leave it unset.' });
}

interface Misuse {
  readonly what: string;
  readonly text: string | null;
  readonly problem: string;
  readonly hint: string;
}

function usage({ what, text, problem, hint }: Misuse): CodexRuntimeError {
  const shown = text === null ? '' : ` "${text}"`;
  return new CodexRuntimeError('USAGE', `${what}${shown} ${problem}`, { hint });
}

/**
 * Where the platform keeps an application's data, unless `CODEX_RUNTIME_HOME` says otherwise. Asked only
 * then: an account in a container may have no home at all.
 */
function defaultHome(env: Environment): string {
  const home = accountHome();
  switch (process.platform) {
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'codex-runtime');
    case 'win32':
      return join(
        ifSet(env['LOCALAPPDATA']) ?? join(home, 'AppData', 'Local'),
        'codex-runtime',
        'Data',
      );
    default:
      return join(ifSet(env['XDG_DATA_HOME']) ?? join(home, '.local', 'share'), 'codex-runtime');
  }
}

function accountHome(): string {
  let cause: unknown;
  try {
    const home = homedir();
    if (home !== '') return home;
  } catch (error) {
    cause = error;
  }
  throw new CodexRuntimeError('USAGE', 'This account has no home directory.', {
    hint: 'Name a directory for the runtimes with CODEX_RUNTIME_HOME or --home.',
    cause,
  });
}

/** The value of a variable; one that is empty counts as not set. */
function ifSet(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
