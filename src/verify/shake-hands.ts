import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import type { Handshake } from '../app-server/index.ts';
import { tryRemoveTree } from '../disk/until-unblocked.ts';
import { isCodexRuntimeError } from '../errors.ts';
import type { Environment } from '../request/index.ts';
import { type Hold, inWorkDirectory } from '../store/index.ts';

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
  const allowed = Object.fromEntries(ALLOWED.map((name) => [name, env[name]]));
  return await inCodexHome({ home, signal }, async (codexHome) => {
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
    }
  });
}

/** In our own home; a store that is only read still has the temporary directory. */
async function inCodexHome(
  { home, signal }: Pick<HandshakeAttempt, 'home' | 'signal'>,
  shake: (codexHome: string) => Promise<HandshakeOutcome>,
): Promise<HandshakeOutcome> {
  const held = async (codexHome: string, hold: Hold) => {
    const outcome = await shake(codexHome);
    // A process that was stopped for a while finds its directory gone: then nothing was shown.
    if (outcome.failure !== null) await hold.verifyHeld();
    return outcome;
  };
  try {
    return await inWorkDirectory({ home, kind: 'handshake', signal }, held);
  } catch (error) {
    if (!isCodexRuntimeError(error) || error.code === 'ABORTED') throw error;
  }
  const codexHome = await mkdtemp(join(tmpdir(), 'codex-runtime-handshake-'));
  try {
    return await shake(codexHome);
  } finally {
    await tryRemoveTree(codexHome);
  }
}
