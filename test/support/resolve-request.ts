import {
  type Candidate,
  type CandidateRequest,
  resolveCandidates,
} from '../../src/channels/index.ts';
import type { ProgressEvent } from '../../src/events.ts';
import type { Lock } from '../../src/lockfile/index.ts';
import { parseVersion } from '../../src/pin/version.ts';
import { parseSources } from '../../src/request/index.ts';
import { type Settings, settingsFrom } from '../../src/request/settings.ts';
import { parseTarget } from '../../src/target/index.ts';
import type { LoopbackGitHub } from './loopback-github.ts';

export const LINUX = parseTarget('linux-x64');
export const WINDOWS = parseTarget('win32-x64');

/** Settings of a machine that knows nothing but the loopback servers. */
export function loopbackSettings(
  github: Pick<LoopbackGitHub, 'env'>,
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Settings {
  const surroundings = { cwd, host: { platform: 'linux', arch: 'x64' } };
  // An empty HOME and PATH: no npmrc of the developer's, no gh.
  const own = { HOME: cwd, USERPROFILE: cwd, PATH: '' };
  return settingsFrom({ ...own, ...github.env, ...env }, surroundings, { home: cwd });
}

/** A request with defaults, and the events that it told of. */
export function candidateRequest(
  settings: Settings,
  wish: {
    version?: string;
    sources?: string;
    lock?: Lock;
    zstd?: boolean;
    target?: CandidateRequest['target'];
    variant?: CandidateRequest['variant'];
    signal?: AbortSignal;
  } = {},
): CandidateRequest & { readonly events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return {
    settings,
    version: parseVersion(wish.version ?? '0.115.0'),
    target: wish.target ?? LINUX,
    variant: wish.variant ?? 'auto',
    sources: parseSources(wish.sources ?? 'github,mirror,npm'),
    lock: wish.lock ?? null,
    zstd: wish.zstd ?? false,
    onProgress: (event) => events.push(event),
    ...(wish.signal === undefined ? {} : { signal: wish.signal }),
    events,
  };
}

/** Every candidate, in order. */
export async function allCandidates(request: CandidateRequest): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for await (const candidate of resolveCandidates(request)) candidates.push(candidate);
  return candidates;
}
