import type { Channel } from '../asset.ts';
import { listRemoteVersions, releaseAgeFor } from '../channels/index.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { reasonsIn, silentSourcesHint, sourcesExhausted } from '../fetch/index.ts';
import { repositoryMeant } from '../lockfile/index.ts';
import {
  describePassedOver,
  newestFirst,
  type PassedOver,
  parseVersion,
  passedOver,
  type ReleaseAge,
} from '../pin/index.ts';
import {
  openLockfile,
  type RuntimeOptions,
  type Settings,
  type SourceSelection,
  settingsFor,
  settingsOf,
  sourcesFor,
} from '../request/index.ts';

/** What one channel says about the versions that there are. */
export interface RemoteChannel {
  readonly channel: Channel;
  /** Semver, the newest first; null where it keeps no list or did not answer. */
  readonly versions: readonly string[] | null;
  /** Versions that are left out of the list because they are not old enough, the newest first. */
  readonly passedOver: readonly PassedOver[];
  /** Why there is no list; null where there is one. */
  readonly reason: string | null;
}

/**
 * Asks every channel of `options.source` at once which versions it has. Of a repository that
 * nobody names the lockfile knows, as for `pin`.
 * @throws CodexRuntimeError `SOURCES_EXHAUSTED` when none of them can tell, `USAGE`, `LOCK_INVALID`,
 * `ABORTED`
 */
export async function listRemote(options: RuntimeOptions = {}): Promise<readonly RemoteChannel[]> {
  const settings = openSettings(options);
  const { onProgress, signal } = options;
  const age = await releaseAgeFor(settings);
  const selection = sourcesFor(options.source, settings.github.repo);
  const answers = await Promise.all(
    selection.map((choice) => answerOf({ settings, sources: [choice], age, onProgress, signal })),
  );
  const channels = answers.map(({ remote }) => remote);
  if (age !== null) tellPassedOver(channels, age, onProgress);
  if (channels.some(({ versions }) => versions !== null)) return channels;
  const failures = answers.flatMap(({ failure }) => failure ?? []);
  throw sourcesExhausted('No source can say which Codex versions there are.', {
    reasons: failures.flatMap(({ channel, error }) => reasonsIn(error, channel)),
    hints: [
      ...failures.map(({ error: { cause } }) =>
        cause instanceof CodexRuntimeError ? cause.hint : undefined,
      ),
      silentSourcesHint(settings.github.repo),
    ],
    cause: failures[0]?.error.cause,
  });
}

/** One line for all channels: most have the same versions. */
function tellPassedOver(
  channels: readonly RemoteChannel[],
  age: ReleaseAge,
  onProgress: RuntimeOptions['onProgress'],
): void {
  const all = channels.flatMap((channel) => channel.passedOver);
  const byVersion = new Map([...all].reverse().map((one) => [one.version, one]));
  const versions = newestFirst([...byVersion.keys()].map(parseVersion)).flatMap(
    ({ semver }) => byVersion.get(semver) ?? [],
  );
  if (versions.length === 0) return;
  const reason = `Leaving out ${describePassedOver(versions, age)}.`;
  onProgress?.({ type: 'passed-over', spec: '*', versions, reason });
}

function openSettings(options: RuntimeOptions): Settings {
  const settings = settingsOf(options);
  const named = options.repo === undefined ? null : settings.github.repo;
  const { lock } = openLockfile(options, settings);
  const meant = repositoryMeant({ named, lock, installed: null, exact: undefined });
  return settingsFor(settings, meant);
}

interface Question {
  readonly settings: Settings;
  readonly sources: readonly [SourceSelection[number]];
  readonly age: ReleaseAge | null;
  readonly onProgress: RuntimeOptions['onProgress'];
  readonly signal: AbortSignal | undefined;
}

interface Answer {
  readonly remote: RemoteChannel;
  /** Why the one channel cannot tell. */
  readonly failure?: { readonly channel: Channel; readonly error: CodexRuntimeError };
}

async function answerOf(question: Question): Promise<Answer> {
  try {
    const { age } = question;
    const { channel, versions } = await listRemoteVersions(question, age !== null);
    const judged = versions.map((version) => ({
      semver: version.semver,
      fault: age === null ? null : passedOver(version, age),
    }));
    const taken = judged.filter(({ fault }) => fault === null).map(({ semver }) => semver);
    const left = judged.flatMap(({ fault }) => fault ?? []);
    return { remote: { channel, versions: taken, passedOver: left, reason: null } };
  } catch (error) {
    if (!isCodexRuntimeError(error, 'SOURCES_EXHAUSTED')) throw error;
    const { channel } = question.sources[0];
    const [reason] = reasonsIn(error, channel);
    const remote = {
      channel,
      versions: null,
      passedOver: [],
      reason: reason?.message ?? error.message,
    };
    return { remote, failure: { channel, error } };
  }
}
