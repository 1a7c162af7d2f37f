import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../../child/environment.ts';
import { runProgram } from '../../child/run-program.ts';
import { isErrno } from '../../disk/errno.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { asJsonObject, isJsonObject, type JsonObject, tryParseJson } from '../../json.ts';
import type { Environment } from '../../request/index.ts';
import type { Reference } from './reference.ts';

/** Who somebody is at one registry. */
export interface Login {
  /** Empty with an identity token alone. */
  readonly username: string;
  readonly password: string;
  /** Exchanged for access tokens, in place of a password. */
  readonly identityToken: string | null;
  /** Where it comes from, to be shown where it is refused. */
  readonly name: string;
}

/**
 * The login for a registry, from the places that container tools use: the file that
 * `REGISTRY_AUTH_FILE` names, else podman's and then Docker's, and the helpers that these name. Null
 * for a registry that none of them knows.
 * @throws CodexRuntimeError `USAGE` for a file that `REGISTRY_AUTH_FILE` names and that is not there
 */
export async function loadLogin(env: Environment, reference: Reference): Promise<Login | null> {
  for (const { path, named } of authFiles(env)) {
    const document = await readAuthFile(path, named);
    const login = document && (await loginIn(document, { path, reference, env }));
    if (login) return login;
  }
  return null;
}

function authFiles(
  env: Environment,
): readonly { readonly path: string; readonly named: boolean }[] {
  const file = env['REGISTRY_AUTH_FILE'];
  if (file) return [{ path: file, named: true }];
  const home = env['HOME'] || homedir();
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers', 'auth.json'),
    join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
  ].map((path) => ({ path, named: false }));
}

async function readAuthFile(path: string, named: boolean): Promise<JsonObject | null> {
  try {
    const document = tryParseJson(await readFile(path, 'utf8'));
    if (isJsonObject(document)) return document;
  } catch (error) {
    if (!named && isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return null;
    throw unreadable(path, error);
  }
  throw unreadable(path);
}

function unreadable(path: string, cause?: unknown): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', `${path} cannot be read as a file of registry logins.`, {
    hint: 'Correct REGISTRY_AUTH_FILE or the file, or write it again with "docker login" or "skopeo login".',
    fields: { path },
    cause,
  });
}

interface Search {
  readonly path: string;
  readonly reference: Reference;
  readonly env: Environment;
}

async function loginIn(document: JsonObject, search: Search): Promise<Login | null> {
  const { path, reference, env } = search;
  const names = namesOf(reference);
  const helpers = asJsonObject(document['credHelpers']);
  const store = document['credsStore'];
  const server = names.find((name) => typeof helpers[name] === 'string');
  const helper = server === undefined ? store : helpers[server];
  if (typeof helper === 'string' && /^[A-Za-z0-9._-]+$/.test(helper)) {
    for (const name of server === undefined ? names : [server]) {
      const login = await askHelper(helper, name, env);
      if (login !== null) return login;
    }
  }
  const auths = asJsonObject(document['auths']);
  for (const name of names) {
    const login = readEntry(auths[name], `the login for ${name} in ${path}`);
    if (login !== null) return login;
  }
  return null;
}

/** A repository's own entry goes before its host's. */
function namesOf({ host, repository }: Reference): readonly string[] {
  const parts = repository.split('/');
  const paths = parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/'));
  const hub = host === 'docker.io' || host === 'index.docker.io';
  const hosts = [host, `https://${host}`, `https://${host}/`, `https://${host}/v1/`];
  return [...paths, ...hosts, ...(hub ? ['https://index.docker.io/v1/'] : [])];
}

function readEntry(value: unknown, name: string): Login | null {
  if (!isJsonObject(value)) return null;
  const { auth, username, password, identitytoken } = value;
  const identityToken = typeof identitytoken === 'string' && identitytoken ? identitytoken : null;
  const decoded = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString('utf8') : '';
  const at = decoded.indexOf(':');
  const pair =
    at > 0
      ? { username: decoded.slice(0, at), password: decoded.slice(at + 1).replace(/\0+$/, '') }
      : { username: String(username ?? ''), password: String(password ?? '') };
  if (identityToken === null && pair.username === '') return null;
  return { ...pair, identityToken, name };
}

/** What helpers of clouds, keyrings and password stores read. */
const HELPERS_OWN =
  /^(?:AWS_|AZURE_|CLOUDSDK_|GOOGLE_|GNUPG|GPG_|PASSWORD_STORE_|DBUS_|XDG_|DOCKER_)/;

/** What a helper says; null where it knows nothing of the server. */
async function askHelper(helper: string, server: string, env: Environment): Promise<Login | null> {
  const file = `docker-credential-${helper}`;
  const { status, stdout } = await runProgram({
    file,
    args: ['get'],
    input: `${server}\n`,
    env: childEnvironment(env, (name) => HELPERS_OWN.test(name)),
    timeoutMs: 30_000,
    notStarted: (cause) =>
      new CodexRuntimeError('USAGE', `${file} cannot be started for the login of ${server}.`, {
        hint: 'Install it, or take it out of the file of registry logins.',
        fields: { program: file },
        cause,
      }),
  });
  const answer = asJsonObject(status === 0 ? tryParseJson(stdout) : null);
  const { Username: username, Secret: secret } = answer;
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return null;
  const name = `the login for ${server} that ${file} has`;
  return username === '<token>'
    ? { username: '', password: '', identityToken: secret, name }
    : { username, password: secret, identityToken: null, name };
}
