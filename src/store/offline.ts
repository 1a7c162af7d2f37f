import { shellWord } from '../child/shell-word.ts';
import { listNames } from '../disk/list-names.ts';
import { CodexRuntimeError } from '../errors.ts';
import {
  formatSpec,
  isUpstream,
  matches,
  newestFirst,
  tryParseVersion,
  type Version,
  type VersionSpec,
} from '../pin/index.ts';
import type { Settings, SourceSelection } from '../request/index.ts';
import { isNative, type Target } from '../target/index.ts';
import { findSettled } from './find-settled.ts';
import type { Wanted } from './find-stored.ts';
import { homeLayout } from './layout.ts';

/** What a request says of the version, the machine and the store. */
export interface OfflineRequest {
  readonly settings: Settings;
  readonly pin: { readonly spec: VersionSpec };
  readonly target: Target;
  readonly sources: SourceSelection;
  /** Nothing that is stored will do. */
  readonly force: boolean;
}

/**
 * What a range, `latest` or `alpha` means without a network: the newest version that the store has
 * whole for this request's target (one that is being replaced is waited for), or, with `force`, none:
 * that wants a download.
 * @param at the request for one version
 * @throws CodexRuntimeError `OFFLINE` when there is none, and what `at` throws
 */
export async function newestStored<Exact extends Wanted>(
  request: OfflineRequest,
  at: (version: Version) => Exact,
): Promise<Exact> {
  const { settings, target, pin, force } = request;
  // By its place, not by what lies there: that may be on its way.
  const { store } = homeLayout(settings.home);
  const stored = force ? [] : await listNames(store);
  const versions = stored.map(tryParseVersion).filter((version) => version !== undefined);
  for (const version of newestFirst(versions)) {
    if (!matches(pin.spec, version)) continue;
    const exact = at(version);
    if ((await findSettled(settings.home, exact)) !== undefined) return exact;
  }
  const spec = formatSpec(pin.spec);
  if (force) throw downloadForbidden(spec, target);
  throw new CodexRuntimeError(
    'OFFLINE',
    `No Codex in the store satisfies "${spec}" for ${target.triple}, and --offline forbids asking for one.`,
    {
      hint: bringHint(request, spec),
      fields: { spec, target: target.triple },
    },
  );
}

/** The error for a runtime that is not stored, or is to be fetched again, while nothing may be fetched. */
export function notStored(
  request: Omit<OfflineRequest, 'pin'> & Pick<Wanted, 'version'>,
): CodexRuntimeError {
  const { version, target, force } = request;
  if (force) return downloadForbidden(version.semver, target);
  return new CodexRuntimeError(
    'OFFLINE',
    `Codex ${version.semver} for ${target.triple} is not in the store, and --offline forbids fetching it.`,
    {
      hint: bringHint(request, version.semver),
      fields: { version: version.semver, target: target.triple },
    },
  );
}

function downloadForbidden(spec: string, target: Target): CodexRuntimeError {
  return new CodexRuntimeError(
    'OFFLINE',
    `--force downloads Codex "${spec}" again, and --offline forbids it.`,
    {
      hint: 'Leave out one of the two.',
      fields: { spec, target: target.triple },
    },
  );
}

/**
 * The command that brings what is missing, with every flag that it takes to mean the same. A local
 * directory needs no network, but is a channel as the others are.
 */
function bringHint(
  { settings, target, sources }: Pick<OfflineRequest, 'settings' | 'target' | 'sources'>,
  spec: string,
): string {
  if (sources.every(({ channel }) => channel === 'dir')) {
    return 'Leave out --offline: a --source of directories alone asks no network.';
  }
  const { host, github } = settings;
  const flags = [
    ...(isNative(host, target) ? [] : [`--target ${target.triple}`]),
    ...(isUpstream(github.repo) ? [] : [`--repo ${github.repo}`]),
  ];
  const command = ['codex-runtime install', shellWord(spec), ...flags].join(' ');
  return `Run "${command}" once with a network.`;
}

/** The error for a question that only the channels can answer. */
export function channelsForbidden(what: string): CodexRuntimeError {
  return new CodexRuntimeError('OFFLINE', `${what} asks the channels, and --offline forbids it.`, {
    hint: 'Leave out --offline, or run codex-runtime list to see what is on this machine.',
  });
}
