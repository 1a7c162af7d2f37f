import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import type { Handshake } from '../app-server/index.ts';
import type { Environment } from '../settings.ts';

/** What came of a handshake: who answered, or why nobody did. */
export type HandshakeOutcome =
  | { readonly handshake: Handshake; readonly failure: null }
  | { readonly handshake: null; readonly failure: string };

/** What a program needs to start at all; a handshake needs no secrets. */
const ALLOWED = ['PATH', 'SYSTEMROOT', 'TMPDIR', 'TEMP', 'TMP'];

/**
 * Introduces itself to the executable's app-server, under a configuration of its own: what is
 * tried is the runtime, not the user's settings.
 * @throws CodexRuntimeError `ABORTED`
 */
export async function shakeHands(
  executable: string,
  env: Environment,
  signal?: AbortSignal,
): Promise<HandshakeOutcome> {
  const { handshake } = await import('../app-server/index.ts');
  const codexHome = await mkdtemp(join(tmpdir(), 'codex-runtime-handshake-'));
  const allowed = Object.fromEntries(ALLOWED.map((name) => [name, env[name]]));
  try {
    const answer = await handshake({
      codexPath: executable,
      env: { ...allowed, CODEX_HOME: codexHome, HOME: codexHome, USERPROFILE: codexHome },
      signal,
    });
    return { handshake: answer, failure: null };
  } catch (error) {
    throwIfAborted(signal);
    return { handshake: null, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    await rm(codexHome, { recursive: true, force: true, maxRetries: 3 });
  }
}
