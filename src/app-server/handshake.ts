import { anySignal } from '../abort.ts';
import type { Environment } from '../request/index.ts';
import { Codex } from './codex.ts';
import { JsonRpcError } from './errors.ts';

export interface HandshakeRequest {
  /** Absolute path of the executable. */
  readonly codexPath: string;
  /** The server's whole environment; `CODEX_HOME` decides which configuration it reads. */
  readonly env: Environment;
  /** Where it runs: a project's own configuration there would be read, too. */
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  /** For the introduction, and again for the list of models. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

export interface Handshake {
  readonly userAgent: string;
  /** Semver. */
  readonly version: string;
  /** How many models it offers, hidden ones included; null when it refuses to tell. */
  readonly models: number | null;
}

/**
 * Whether an executable is a Codex that can be spoken to: starts its app-server, introduces itself,
 * asks for the models, and ends it again.
 * @throws as `Codex.start` does
 */
export async function handshake(request: HandshakeRequest): Promise<Handshake> {
  const { codexPath, env, cwd, signal, timeoutMs = 30_000 } = request;
  const start = signal === undefined ? {} : { signal };
  await using codex = await Codex.start({
    codexPath,
    env,
    cwd,
    startTimeoutMs: timeoutMs,
    ...start,
  });
  const { userAgent, serverVersion: version } = codex.metadata;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const { data } = await codex.models({
      includeHidden: true,
      signal: anySignal(timeout, signal),
    });
    return { userAgent, version, models: data.length };
  } catch (error) {
    if (error instanceof JsonRpcError) return { userAgent, version, models: null };
    throw error;
  }
}
