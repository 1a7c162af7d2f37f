import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import type { Handshake } from '../app-server/index.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import type { Environment } from '../request/index.ts';
import { homeLayout } from '../store/index.ts';

/** What came of a handshake: who answered, or why nobody did. */
export type HandshakeOutcome =
  | { readonly handshake: Handshake; readonly failure: null }
  | { readonly handshake: null; readonly failure: string };

/** What a program needs to start at all; a handshake needs no secrets. */
const ALLOWED = ['PATH', 'SYSTEMROOT'];
/** All places in which Codex keeps something. */
const PLACES = ['CODEX_HOME', 'HOME', 'USERPROFILE', 'TMPDIR', 'TEMP', 'TMP'];

export interface HandshakeAttempt {
  readonly executable: string;
  /** The surroundings that a program needs to start are taken from it. */
  readonly env: Environment;
  /** Our own home, in which Codex gets one for as long as it runs. */
  readonly home: string;
  readonly signal?: AbortSignal | undefined;
}

/** Newer runtimes fetch their plugins as soon as they are spoken to: by git, from the network. */
const CONFIGURATION = '[features]\nplugins = false\n';

/**
 * Introduces itself to the executable's app-server, under a configuration of its own: what is
 * tried is the runtime, not the user's settings. All that Codex writes lies in a directory of ours
 * and goes with it.
 * @throws CodexRuntimeError `ABORTED`
 */
export async function shakeHands({
  executable,
  env,
  home,
  signal,
}: HandshakeAttempt): Promise<HandshakeOutcome> {
  const { handshake } = await import('../app-server/index.ts');
  const codexHome = await makeCodexHome(home);
  const allowed = Object.fromEntries(ALLOWED.map((name) => [name, env[name]]));
  try {
    await writeFile(join(codexHome, 'config.toml'), CONFIGURATION);
    const answer = await handshake({
      codexPath: executable,
      env: { ...allowed, ...Object.fromEntries(PLACES.map((name) => [name, codexHome])) },
      cwd: codexHome,
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

/** In our own home; a store that is only read still has the temporary directory. */
async function makeCodexHome(home: string): Promise<string> {
  const { staging } = homeLayout(home);
  try {
    await makeDirectory(staging);
    return await mkdtemp(join(staging, 'handshake-'));
  } catch {
    return await mkdtemp(join(tmpdir(), 'codex-runtime-handshake-'));
  }
}
