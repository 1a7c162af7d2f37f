import type { Environment } from '../request/index.ts';

const SECRET_NAME = /TOKEN|SECRET|_AUTH|PASSWORD|_PROXY$/i;

/** What a child printed, to be shown: without the values of credentials and proxies in `env`. */
export function withoutSecrets(text: string, env: Environment): string {
  let clean = text;
  for (const [name, value] of Object.entries(env)) {
    // A shorter one is no secret, and would cut words apart.
    if (value === undefined || value.length < 4 || !SECRET_NAME.test(name)) continue;
    clean = clean.replaceAll(value, '***');
  }
  return clean;
}
