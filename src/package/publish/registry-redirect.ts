import { CodexRuntimeError } from '../../errors.ts';
import { packagePath, type Registry } from '../../fetch/npm/index.ts';

/**
 * Refuses a registry that sends its clients to another place, before npm is started: npm's client
 * takes its token along to another port of the same host, and from https to http.
 * @param address of the registry, without credentials, with a slash at its end
 * @throws CodexRuntimeError `PUBLISH_FAILED`, `ABORTED`
 */
export async function verifyNoRedirect(
  registry: Registry,
  address: string,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { origin } = new URL(address);
  const answered = await answeringOrigin(registry, `${address}${packagePath(name)}`, signal);
  if (answered === null || answered === origin) return;
  throw redirects(origin, answered, 'Nothing was published.');
}

/** For a registry that sends its clients, or what they upload, to another origin. */
export function redirects(registry: string, redirect: string, outcome: string): CodexRuntimeError {
  return new CodexRuntimeError(
    'PUBLISH_FAILED',
    `The registry ${registry} redirects to ${redirect}, where its credentials must not go. ${outcome}`,
    {
      hint: `If you trust it, publish there: name it with --registry, and give npm a token for it.`,
      fields: { registry, redirect },
    },
  );
}

/** Who answered after all redirects, also with a refusal; null where nobody did. */
async function answeringOrigin(
  registry: Registry,
  address: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    const { url, body } = await registry.open(address, { signal });
    body.destroy();
    return url.origin;
  } catch (error) {
    if (!(error instanceof CodexRuntimeError) || error.code !== 'SOURCE_UNAVAILABLE') throw error;
    const url = String(error.fields['url'] ?? '');
    return URL.canParse(url) ? new URL(url).origin : null;
  }
}
