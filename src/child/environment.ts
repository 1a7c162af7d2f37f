import type { Environment } from '../request/index.ts';

/** What every child needs to find itself, its home, its temporary files and the network. */
const ALWAYS: readonly string[] = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'COMSPEC',
  'PATHEXT',
  'TEMP',
  'TMP',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TERM',
  'CI',
  'NO_COLOR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
];

/**
 * The allow-listed part of an environment: what every child needs, and what this one does.
 * @param allowed is asked with the name in upper case, because Windows writes `Path` and proxies
 * come in both
 */
export function childEnvironment(
  env: Environment,
  allowed: (upperCaseName: string) => boolean,
): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const upperCaseName = name.toUpperCase();
    const isAllowed = ALWAYS.includes(upperCaseName) || allowed(upperCaseName);
    if (value !== undefined && isAllowed) chosen[name] = value;
  }
  return chosen;
}

/** How an installation of Codex tells its own process, and all that this starts, who updates it. */
const MANAGER = /^CODEX_MANAGED_(BY_.*|PACKAGE_ROOT)$/;

/**
 * `env` without the word of another installation that it manages Codex: with it, "codex update" of
 * ours would change that other one.
 */
export function withoutManager(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !MANAGER.test(name.toUpperCase())),
  );
}
