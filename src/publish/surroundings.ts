import { loadNpmOptions } from '../npm/index.ts';
import type { Settings } from '../settings.ts';

/** The surroundings as npm sees them with `--registry`. */
export function withRegistry(
  { env, cwd }: Pick<Settings, 'env' | 'cwd'>,
  name: string,
  registry: string | undefined,
): Pick<Settings, 'env' | 'cwd'> {
  if (registry === undefined) return { env, cwd };
  const scope = /^(@[^/]+)\//.exec(name)?.[1];
  const scoped = scope === undefined ? {} : { [`npm_config_${scope}:registry`]: registry };
  return { cwd, env: { ...env, npm_config_registry: registry, ...scoped } };
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

/** Nothing, an unset `${VARIABLE}`, or what actions/setup-node writes where it was given no token. */
const NO_CREDENTIAL = /^(?:|\$\{\w+\}|X{5}(?:-X{5}){3})$/;
