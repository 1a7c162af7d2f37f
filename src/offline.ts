import { CodexRuntimeError } from './errors.ts';
import {
  formatSpec,
  matches,
  newestFirst,
  type Pin,
  tryParseVersion,
  type Version,
} from './pin/index.ts';
import type { Settings } from './settings.ts';
import { findStored, listRuntimes, type Wanted } from './store/index.ts';
import type { Target } from './target/index.ts';

/** What a request says of the version, the machine and the store. */
export interface StoredQuestion {
  readonly settings: Settings;
  readonly pin: Pin;
  readonly target: Target;
  /** Nothing that is stored will do. */
  readonly force: boolean;
}

/**
 * What a range, `latest` or `alpha` means without a network: the newest version that the store has
 * whole for this request's target, or, with `force`, none: that wants a download.
 * @param at the request for one version
 * @throws CodexRuntimeError `OFFLINE` when there is none, and what `at` throws
 */
export async function newestStored<Exact extends Wanted>(
  request: StoredQuestion,
  at: (version: Version) => Exact,
): Promise<Exact> {
  const { settings, target, pin, force } = request;
  const stored = force ? [] : await listRuntimes(settings.home);
  const versions = stored
    .filter(({ manifest }) => manifest.target === target.triple)
    .map(({ manifest }) => tryParseVersion(manifest.version))
    .filter((version) => version !== undefined);
  for (const version of newestFirst(versions)) {
    if (!matches(pin.spec, version)) continue;
    const exact = at(version);
    if ((await findStored(settings.home, exact)) !== undefined) return exact;
  }
  const spec = formatSpec(pin.spec);
  throw new CodexRuntimeError(
    'OFFLINE',
    force
      ? `--force downloads Codex "${spec}" again, and --offline forbids it.`
      : `No Codex in the store satisfies "${spec}" for ${target.triple}, and --offline forbids asking for one.`,
    {
      hint: `Run codex-runtime install ${spec} once with a network.`,
      fields: { spec, target: target.triple },
    },
  );
}

/** The store lacks what was asked for, and nothing may be fetched. */
export function notStored({
  version,
  target,
}: Pick<Wanted, 'version' | 'target'>): CodexRuntimeError {
  return new CodexRuntimeError(
    'OFFLINE',
    `Codex ${version.semver} for ${target.triple} is not in the store, and --offline forbids fetching it.`,
    { hint: `Run codex-runtime install ${version.semver} once with a network.` },
  );
}

/** What the channels have cannot be said without asking them. */
export function channelsForbidden(what: string): CodexRuntimeError {
  return new CodexRuntimeError('OFFLINE', `${what} asks the channels, and --offline forbids it.`, {
    hint: 'Leave out --offline, or run codex-runtime list to see what is on this machine.',
  });
}
