import { forManyListeners, pause, throwIfAborted } from '../abort.ts';
import type { Channel } from '../asset.ts';
import { openChannels } from '../channels/index.ts';
import { CodexRuntimeError } from '../errors.ts';
import { sourcesExhausted } from '../fetch/index.ts';
import { lockFor, repositoryMeant } from '../lockfile/index.ts';
import { parseVersion, type Version } from '../pin/index.ts';
import {
  openLockfile,
  type RuntimeOptions,
  type Settings,
  settingsFor,
  settingsOf,
  sourcesFor,
} from '../request/index.ts';
import { parseTargets, TARGETS, type Target, type Triple } from '../target/index.ts';
import { type MissingPart, missingParts } from './release-readiness.ts';

export interface WaitOptions extends Omit<RuntimeOptions, 'target' | 'version'> {
  /** An exact version. */
  readonly version: string;
  /** Targets that have to be there, in any spelling. Default: all six. */
  readonly targets?: readonly string[];
  /** Milliseconds after which an incomplete release is an error; 0 asks once. Default 30 minutes. */
  readonly timeoutMs?: number;
  /** Milliseconds between two questions. Default 15 seconds. */
  readonly intervalMs?: number;
  /** Told after every question that found something missing. */
  readonly onMissing?: (missing: readonly MissingPart[]) => void;
}

/** A release that is complete on every chosen channel. */
export interface ReadyRelease {
  /** Semver. */
  readonly version: string;
  readonly ready: true;
  readonly channels: readonly Channel[];
  readonly targets: readonly Triple[];
  /** How often the channels were asked. */
  readonly attempts: number;
}

/** How long a release may take to appear unless somebody says otherwise. */
export const WAIT_TIMEOUT_MS = 30 * 60_000;
const DEFAULT_INTERVAL_MS = 15_000;

/**
 * Waits until a version is complete on every channel of `source`: on npm the launcher and each
 * platform build that it has to name, elsewhere an asset for each target. A channel that has been
 * found complete is not asked again. With `minReleaseAge`, and with that alone, the release has to be
 * as old as that on each of them too.
 * @throws CodexRuntimeError `INCOMPLETE_RELEASE` after `timeoutMs`, with {@link MissingPart}s in
 * `fields.missing`; `SOURCES_EXHAUSTED` when by then no channel has ever answered; `PIN_INVALID`,
 * `LOCK_INVALID`, `LOCK_INCOMPLETE` when the lockfile pins the version of another repository than
 * `repo`; `UNSUPPORTED_PLATFORM`, `USAGE`, `ABORTED`
 */
export async function waitForRelease(options: WaitOptions): Promise<ReadyRelease> {
  const version = parseVersion(options.version);
  const targets = options.targets === undefined ? TARGETS : parseTargets(options.targets);
  const deadline = performance.now() + (options.timeoutMs ?? WAIT_TIMEOUT_MS);
  const interval = options.intervalMs ?? DEFAULT_INTERVAL_MS;
  const settings = openSettings(options, version);
  const sources = sourcesFor(options.source, settings.github.repo);
  const channels = openChannels({ settings, sources });
  // Every channel listens to it at once.
  const signal = forManyListeners(options.signal);
  // Another setting's age is for moving names: an exact version has to be complete, of any age.
  const minReleaseAge = options.minReleaseAge === undefined ? null : settings.minReleaseAge;
  const request = { version, targets, settings, minReleaseAge, signal };
  let open = channels.list.map(({ channel }) => channel);
  try {
    for (let attempts = 1; ; attempts += 1) {
      const answers = await Promise.all(
        open.map(async (channel) => ({ channel, missing: await missingParts(channel, request) })),
      );
      throwIfAborted(signal);
      const incomplete = answers.filter(({ missing }) => missing.length > 0);
      if (incomplete.length === 0) return ready({ version, targets, sources, attempts });
      open = incomplete.map(({ channel }) => channel);
      const missing = incomplete.flatMap((answer) => answer.missing);
      const left = deadline - performance.now();
      if (left <= 0) throw notReady(version, missing, sources.length);
      options.onMissing?.(missing);
      await pause(Math.min(interval, left), signal);
    }
  } finally {
    await channels.close();
  }
}

/** A lockfile of this version says whose release is meant, as it does for an installation. */
function openSettings(options: WaitOptions, exact: Version): Settings {
  const settings = settingsOf(options);
  const lock = lockFor(openLockfile(options, settings), exact);
  const named = options.repo === undefined ? null : settings.github.repo;
  return settingsFor(settings, repositoryMeant({ named, lock, installed: null, exact }));
}

interface CompleteRelease {
  readonly version: Version;
  readonly targets: readonly Target[];
  readonly sources: readonly { readonly channel: Channel }[];
  readonly attempts: number;
}

function ready({ version, targets, sources, attempts }: CompleteRelease): ReadyRelease {
  return {
    version: version.semver,
    ready: true,
    channels: sources.map(({ channel }) => channel),
    targets: targets.map(({ triple }) => triple),
    attempts,
  };
}

function notReady(version: Version, missing: readonly MissingPart[], channels: number) {
  const fields = { version: version.semver, ready: false, missing };
  const unanswered = missing.filter(({ part }) => part === 'answer').length;
  if (unanswered === channels) {
    return sourcesExhausted(`No channel can say whether Codex ${version.semver} is complete.`, {
      reasons: missing.map(({ channel, reason: message }) => {
        return { channel, source: null, code: 'SOURCE_UNAVAILABLE', message };
      }),
      hints: ['Run codex-runtime doctor to see what is reachable.'],
      fields,
    });
  }
  const ages = missing.flatMap(({ oldEnoughAt }) => oldEnoughAt ?? []).sort();
  if (missing.every(({ part }) => part === 'age')) {
    const last = ages.length === missing.length ? ages.at(-1) : undefined;
    return new CodexRuntimeError(
      'INCOMPLETE_RELEASE',
      `Codex ${version.semver} is complete, and not old enough${last === undefined ? '' : ` before ${last}`}.`,
      {
        hint: 'Wait longer (--timeout), or ask for another --min-release-age.',
        fields: { ...fields, reasons: missing.map(({ reason }) => reason) },
      },
    );
  }
  return new CodexRuntimeError(
    'INCOMPLETE_RELEASE',
    `Codex ${version.semver} is not complete: ${missing.length} ${missing.length === 1 ? 'part is' : 'parts are'} missing.`,
    {
      hint:
        unanswered === 0
          ? 'Wait longer (--timeout), or choose what has to be there with --source and --target.'
          : 'Run codex-runtime doctor to see what is reachable, or choose channels with --source.',
      fields: { ...fields, reasons: missing.map(({ reason }) => reason) },
    },
  );
}
