import { CodexRuntimeError } from '../../errors.ts';
import { loadNpmOptions } from '../../fetch/npm/index.ts';
import { readWebUrl, type Settings } from '../../request/index.ts';

/**
 * The surroundings as npm sees them with `--registry`.
 * @throws CodexRuntimeError `USAGE` when that is not a URL
 */
export function withRegistry(
  { env, cwd }: Pick<Settings, 'env' | 'cwd'>,
  name: string,
  registry: string | undefined,
): Pick<Settings, 'env' | 'cwd'> {
  if (registry === undefined) return { env, cwd };
  verifyUrl(registry);
  const scope = /^(@[^/]+)\//.exec(name)?.[1];
  const scoped = scope === undefined ? {} : { [`npm_config_${scope}:registry`]: registry };
  return { cwd, env: { ...env, npm_config_registry: registry, ...scoped } };
}

function verifyUrl(registry: string): void {
  if (readWebUrl(registry, { credentials: true }) !== null) return;
  // Its text may hold a password.
  throw new CodexRuntimeError('USAGE', 'The registry to publish to is not a URL.', {
    hint: 'Write it like https://registry.example.com/, or leave --registry out.',
  });
}

/**
 * Whether npm will exchange a CI's identity for a token that can publish and nothing else
 * (https://docs.npmjs.com/trusted-publishers): so where there is an identity and no other credential.
 */
export async function publishesByIdentity(
  surroundings: Pick<Settings, 'env' | 'cwd'>,
): Promise<boolean> {
  const { env } = surroundings;
  const identity = env['NPM_ID_TOKEN'] ?? env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
  if (identity === undefined) return false;
  const options = Object.entries(await loadNpmOptions(surroundings));
  return !options.some(
    ([key, value]) =>
      key.startsWith('//') &&
      /:(?:_authToken|_auth|_password)$/.test(key) &&
      typeof value === 'string' &&
      !NO_CREDENTIAL.test(value),
  );
}

/** Where GitHub Actions gives an identity for an audience; null elsewhere. GitLab puts its own into a variable. */
export function identityUrl({ env }: Pick<Settings, 'env'>): string | null {
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '';
  return URL.canParse(url) ? url : null;
}

/** Nothing, an unset `${VARIABLE}`, or what actions/setup-node writes where it was given no token. */
const NO_CREDENTIAL = /^(?:|\$\{\w+\}|X{5}(?:-X{5}){3})$/;

/**
 * Refuses `--provenance` where npm cannot sign, before anything is published: npm itself would say so
 * at the first package, in words about a provider. What npm asks for:
 * https://docs.npmjs.com/generating-provenance-statements
 * @throws CodexRuntimeError `PUBLISH_FAILED`
 */
export function verifyProvenance({ env }: Pick<Settings, 'env'>): void {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env;
  if (isSet(env['GITHUB_ACTIONS'])) {
    if (isSet(url) && isSet(token)) return;
    throw noProvenance(
      'this job of GitHub Actions has no identity',
      'Give the job "permissions: id-token: write".',
    );
  }
  if (isSet(env['GITLAB_CI'])) {
    if (isSet(env['SIGSTORE_ID_TOKEN'])) return;
    throw noProvenance(
      'this job of GitLab has no identity for Sigstore',
      'Give it SIGSTORE_ID_TOKEN under "id_tokens", with the audience "sigstore".',
    );
  }
  throw noProvenance(
    'this is not a job of GitHub Actions or GitLab',
    'Publish from such a job, or without --provenance.',
  );
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function noProvenance(why: string, hint: string): CodexRuntimeError {
  return new CodexRuntimeError(
    'PUBLISH_FAILED',
    `npm cannot sign provenance here: ${why}. Nothing was published.`,
    { hint, fields: { provenance: false } },
  );
}
