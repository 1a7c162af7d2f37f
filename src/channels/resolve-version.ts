import compare from 'semver/functions/compare.js';
import type { Channel } from '../asset.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { type Reason, reasonsIn, silentSourcesHint, sourcesExhausted } from '../fetch/index.ts';
import {
  type DatedVersion,
  describePassedOver,
  formatSpec,
  matches,
  type PassedOver,
  passedOver,
  type ReleaseAge,
  type Version,
  type VersionSpec,
} from '../pin/index.ts';
import { type ChannelsRequest, openChannels } from './channels.ts';
import { releaseAgeFor } from './release-age.ts';
import {
  type ChannelFailure,
  placeOf,
  type ReleaseChannel,
  reportUnavailable,
} from './release-channel.ts';

/** Every version that a channel lists, the newest first. */
export interface RemoteVersions {
  readonly channel: Channel;
  readonly versions: readonly DatedVersion[];
}

/** The version that a moving name means, and what it would have meant but for its age. */
export interface ChosenVersion {
  readonly version: Version;
  /** The newest first. */
  readonly passedOver: readonly PassedOver[];
}

type SpecRequest = ChannelsRequest & { readonly spec: VersionSpec };

/**
 * The exact version that `spec` means now: an exact one is itself, whatever its age; `latest`,
 * `alpha` and ranges are asked of the first channel that answers, and mean the newest that is old
 * enough ({@link releaseAgeFor}). A range takes prereleases only where it names one.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when no version satisfies it (with
 * `fields.passedOver` where one would, but for its age), `SOURCES_EXHAUSTED` when nobody can say
 * (with `fields.reasons`), `USAGE` for an age of npm's that cannot be read, `ABORTED`
 */
export async function resolveVersion(request: SpecRequest): Promise<Version> {
  const { version } = await chooseVersion(request);
  return version;
}

/**
 * As {@link resolveVersion}, with what was passed over.
 * @throws CodexRuntimeError as {@link resolveVersion}
 */
export async function chooseVersion(request: SpecRequest): Promise<ChosenVersion> {
  const { spec, signal, onProgress } = request;
  if (spec.kind === 'exact') return { version: spec.version, passedOver: [] };
  const age = await releaseAgeFor(request.settings);
  const isLatest = spec.kind === 'channel' && spec.name === 'latest';
  const ask = isLatest ? newestStable(age, signal) : listed(signal, age !== null);
  let passed: readonly PassedOver[] = [];
  const silence = await askEach(request, ask, ({ channel, answer: versions, failures }) => {
    const matching = versions.filter((version) => matches(spec, version));
    if (matching.length === 0) {
      // Who knows of none may know less than who passed some over.
      if (passed.length > 0) return undefined;
      throw unsatisfied(request, { channel, answer: versions, failures });
    }
    const verdict = judge(matching, age, passed);
    if (verdict.taken === undefined || age === null) {
      passed = [...verdict.passed, ...passed.filter((one) => !isAmong(one, verdict.passed))];
    } else if (verdict.passed.length > 0) {
      const reason = `Passing over ${describePassedOver(verdict.passed, age)}.`;
      const versions = verdict.passed;
      onProgress?.({ type: 'passed-over', spec: formatSpec(spec), versions, reason });
    }
    return verdict.taken && { version: verdict.taken, passedOver: verdict.passed };
  });
  if (silence.answer !== undefined) return silence.answer;
  if (age !== null && passed.length > 0) throw nothingOldEnough(request, passed, age);
  throw nobodyCanSay(request, silence.failures, silence.listless);
}

/** The first that is old enough. Once a channel has called a version too young, it is. */
function judge(
  versions: readonly DatedVersion[],
  age: ReleaseAge | null,
  known: readonly PassedOver[],
): { taken: DatedVersion | undefined; passed: readonly PassedOver[] } {
  const passed: PassedOver[] = [];
  for (const version of versions) {
    const before = known.find((one) => one.version === version.semver && one.reason !== 'undated');
    const fault = age === null ? null : (before ?? passedOver(version, age));
    if (fault === null) return { taken: version, passed };
    passed.push(fault);
  }
  return { taken: undefined, passed };
}

function isAmong({ version }: PassedOver, others: readonly PassedOver[]): boolean {
  return others.some((other) => other.version === version);
}

/**
 * What the first channel that keeps a list has, prereleases included.
 * @param dated Whether the dates are wanted. Default false.
 * @throws CodexRuntimeError `SOURCES_EXHAUSTED`, `ABORTED`
 */
export async function listRemoteVersions(
  request: ChannelsRequest,
  dated = false,
): Promise<RemoteVersions> {
  const ask = listed(request.signal, dated);
  const { answer, failures, listless } = await askEach(request, ask, (first) => first);
  if (answer === undefined) throw nobodyCanSay(request, failures, listless);
  return { channel: answer.channel, versions: answer.answer };
}

type Ask = (channel: ReleaseChannel) => Promise<readonly DatedVersion[] | null>;

function listed(signal: AbortSignal | undefined, dated: boolean): Ask {
  return (channel) => channel.versions(signal, dated);
}

/** The version that a channel calls its latest and, where that may be too young, those before it. */
function newestStable(age: ReleaseAge | null, signal: AbortSignal | undefined): Ask {
  return async (channel) => {
    const latest = await channel.latest(signal);
    if (age === null || passedOver(latest, age) === null) return [latest];
    const versions = await channel.versions(signal, true);
    const upTo = versions?.filter(({ semver }) => compare(semver, latest.semver) <= 0) ?? [];
    return upTo.length === 0 ? [latest] : upTo;
  };
}

interface Answer {
  readonly channel: Channel;
  readonly answer: readonly DatedVersion[];
  /** The channels before it that did not answer. */
  readonly failures: readonly ChannelFailure[];
}

/** Asks channel after channel until `accept` makes something of an answer. */
async function askEach<T>(
  request: ChannelsRequest,
  ask: Ask,
  accept: (answer: Answer) => T | undefined,
): Promise<{ answer: T | undefined; failures: ChannelFailure[]; listless: Reason[] }> {
  const channels = openChannels(request);
  const failures: ChannelFailure[] = [];
  const listless: Reason[] = [];
  try {
    for (const { channel } of channels.list) {
      try {
        const versions = await ask(channel);
        if (versions === null) {
          listless.push(noList(channel.name));
          continue;
        }
        const answer = accept({ channel: channel.name, answer: versions, failures });
        if (answer !== undefined) return { answer, failures, listless };
      } catch (error) {
        if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
        const failure = { channel: channel.name, error };
        failures.push(failure);
        reportUnavailable(request.onProgress, failure);
      }
    }
  } finally {
    await channels.close();
  }
  return { answer: undefined, failures, listless };
}

function noList(channel: Channel): Reason {
  const message = `Channel ${channel} does not list its versions.`;
  return { channel, source: null, code: 'SOURCE_UNAVAILABLE', message };
}

/** No version that is known satisfies `spec`, whatever its age. */
function unsatisfied(request: SpecRequest, { channel, answer, failures }: Answer) {
  const spec = formatSpec(request.spec);
  const message = `No Codex version ${placeOf([channel])} satisfies "${spec}".`;
  // Who was silent may have one: only GitHub, where releases appear first, knows of all.
  if (channel !== 'github' && failures.length > 0) {
    const missing = { channel, source: null, code: 'RELEASE_NOT_FOUND', message } as const;
    return nobodyCanSay(request, failures, [missing]);
  }
  const suggestions = answer.slice(0, 5).map(({ semver }) => semver);
  return new CodexRuntimeError('RELEASE_NOT_FOUND', message, {
    hint: `The newest are ${suggestions.join(', ')}.`,
    fields: { spec, channel, suggestions },
  });
}

function nothingOldEnough(
  { spec }: SpecRequest,
  passed: readonly PassedOver[],
  age: ReleaseAge,
): CodexRuntimeError {
  return new CodexRuntimeError(
    'RELEASE_NOT_FOUND',
    `No Codex version for "${formatSpec(spec)}" is old enough: ${describePassedOver(passed, age)}.`,
    {
      hint: `Wait, name an exact version (${passed[0]?.version}), or name another age with --min-release-age.`,
      fields: { spec: formatSpec(spec), passedOver: passed },
    },
  );
}

function nobodyCanSay(
  { settings }: ChannelsRequest,
  failures: readonly ChannelFailure[],
  others: readonly Reason[],
): CodexRuntimeError {
  return sourcesExhausted(
    failures.length === 0
      ? 'None of the selected sources can list versions.'
      : 'No source can say which Codex versions there are.',
    {
      reasons: [...failures.flatMap(({ channel, error }) => reasonsIn(error, channel)), ...others],
      hints: [
        ...failures.map(({ error }) => error.hint),
        `Name an exact version. ${silentSourcesHint(settings.github.repo)}`,
      ],
      cause: failures[0]?.error,
    },
  );
}
