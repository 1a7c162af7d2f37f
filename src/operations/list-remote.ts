import type { Channel } from '../asset.ts';
import { listRemoteVersions, type SourceSelection, sourcesFor } from '../channels/index.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { reasonsIn, silentSourcesHint, sourcesExhausted } from '../fetch/index.ts';
import { repositoryMeant } from '../lockfile/index.ts';
import { openLockfile, type RuntimeOptions, settingsFor, settingsOf } from '../request/index.ts';
import type { Settings } from '../settings.ts';

/** What one channel says about the versions that there are. */
export interface RemoteChannel {
  readonly channel: Channel;
  /** Semver, the newest first; null where it keeps no list or did not answer. */
  readonly versions: readonly string[] | null;
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
  const selection = sourcesFor(options.source, settings.github.repo);
  const answers = await Promise.all(
    selection.map((choice) => answerOf({ settings, sources: [choice], signal: options.signal })),
  );
  const channels = answers.map(({ remote }) => remote);
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
  readonly signal: AbortSignal | undefined;
}

interface Answer {
  readonly remote: RemoteChannel;
  /** Why the one channel cannot tell. */
  readonly failure?: { readonly channel: Channel; readonly error: CodexRuntimeError };
}

async function answerOf(question: Question): Promise<Answer> {
  try {
    const { channel, versions } = await listRemoteVersions(question);
    return { remote: { channel, versions: versions.map(({ semver }) => semver), reason: null } };
  } catch (error) {
    if (!isCodexRuntimeError(error, 'SOURCES_EXHAUSTED')) throw error;
    const { channel } = question.sources[0];
    const [reason] = reasonsIn(error, channel);
    const remote = { channel, versions: null, reason: reason?.message ?? error.message };
    return { remote, failure: { channel, error } };
  }
}
