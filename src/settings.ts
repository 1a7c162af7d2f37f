import envPaths from 'env-paths';
import type { Host } from './target/index.ts';

/** Environment variables as a plain record, so that no room reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that comes from the surroundings, read once and fully defaulted. */
export interface Settings {
  /** Absolute; `store/`, `partial/` and `staging/` lie in it. */
  readonly home: string;
  /** Absolute; where the search for a lockfile starts. */
  readonly cwd: string;
  readonly host: Host;
  /** For npm's configuration, proxies and the allow-listed environment of children. */
  readonly env: Environment;
  readonly github: GitHubSettings;
  /** Base URL of OpenAI's mirror, without a trailing slash. */
  readonly mirrorUrl: string;
  /** npm name whose versions are the platform builds. Default `@openai/codex`. */
  readonly npmPackage: string;
}

export interface GitHubSettings {
  /** REST API base, without a trailing slash. */
  readonly apiUrl: string;
  /** Base of browser URLs, without a trailing slash. */
  readonly serverUrl: string;
  /** `owner/name`. */
  readonly repo: string;
  /** `GH_TOKEN`, else `GITHUB_TOKEN`; null when neither is set. */
  readonly token: string | null;
}

export interface SettingsOverrides {
  readonly home?: string;
  readonly cwd?: string;
  readonly repo?: string;
  readonly host?: Host;
}

/**
 * Reads `CODEX_RUNTIME_HOME`, `GITHUB_API_URL`, `GITHUB_SERVER_URL`, `GH_HOST`, `GH_TOKEN`,
 * `GITHUB_TOKEN` and `CODEX_RUNTIME_MIRROR_URL` from `env`; proxies and npm's own variables are
 * read from {@link Settings.env} by the rooms that honour them.
 */
export function settingsFrom(
  env: Environment,
  process: { readonly cwd: string; readonly host: Host },
  overrides: SettingsOverrides = {},
): Settings {
  return {
    home: overrides.home ?? set(env['CODEX_RUNTIME_HOME']) ?? defaultHome(),
    cwd: overrides.cwd ?? process.cwd,
    host: overrides.host ?? process.host,
    env,
    github: githubSettings(env, overrides.repo),
    mirrorUrl: trimSlash(
      set(env['CODEX_RUNTIME_MIRROR_URL']) ?? 'https://releases.openai.com/codex',
    ),
    npmPackage: '@openai/codex',
  };
}

function githubSettings(env: Environment, repo: string | undefined): GitHubSettings {
  const enterprise = set(env['GH_HOST']);
  const host = enterprise === undefined || enterprise === 'github.com' ? undefined : enterprise;
  return {
    apiUrl: trimSlash(
      set(env['GITHUB_API_URL']) ??
        (host === undefined ? 'https://api.github.com' : `https://${host}/api/v3`),
    ),
    serverUrl: trimSlash(
      set(env['GITHUB_SERVER_URL']) ??
        (host === undefined ? 'https://github.com' : `https://${host}`),
    ),
    repo: repo ?? 'openai/codex',
    token: set(env['GH_TOKEN']) ?? set(env['GITHUB_TOKEN']) ?? null,
  };
}

/** Where the platform keeps an application's data, unless `CODEX_RUNTIME_HOME` says otherwise. */
function defaultHome(): string {
  return envPaths('codex-runtime', { suffix: '' }).data;
}

function set(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
