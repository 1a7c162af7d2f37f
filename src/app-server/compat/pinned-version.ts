import { emitWarning } from 'node:process';
import { isCodexRuntimeError } from '../../errors.ts';
import type { Environment } from '../../request/index.ts';

export interface JoinedServer {
  readonly address: string;
  /** Semver. */
  readonly version: string;
}

/**
 * Says when a server that was joined is another Codex than the one that is pinned here: it may have
 * been started before the pin moved, or be the daemon's own copy.
 */
export async function warnOfOtherVersion(
  { address, version }: JoinedServer,
  { cwd, env }: { readonly cwd: string; readonly env: Environment },
): Promise<void> {
  const pinned = await pinnedVersion(cwd, env);
  if (pinned === undefined || pinned.version === version) return;
  emitWarning(
    `The app-server at ${address} is Codex ${version}, but ${pinned.origin} says ${pinned.version}.`,
    {
      code: 'CODEX_RUNTIME_VERSION',
      detail: 'Start it again with the pinned Codex; "codex-runtime doctor" shows which ones run.',
    },
  );
}

async function pinnedVersion(
  cwd: string,
  env: Environment,
): Promise<{ readonly version: string; readonly origin: string } | undefined> {
  // Loaded only here: a client that starts its own server needs nothing of it.
  const { loadLock } = await import('../../lockfile/index.ts');
  const { resolvePin, settingsOf } = await import('../../request/index.ts');
  try {
    const lockfile = loadLock(settingsOf({ cwd, env }));
    const { spec, origin } = await resolvePin({ env, lockfile, ecosystem: 'node' });
    if (spec.kind !== 'exact') return undefined;
    const named = origin === 'lockfile' ? (lockfile.path ?? origin) : origin;
    return { version: spec.version.semver, origin: named };
  } catch (error) {
    // Nothing is pinned, or not so that it could be read: other commands say why.
    if (isCodexRuntimeError(error)) return undefined;
    throw error;
  }
}
