import type { Channel } from '../asset.ts';
import { isCodexRuntimeError } from '../errors.ts';
import { loadLock } from '../pin/index.ts';
import { type RuntimeOptions, settingsOf } from '../request.ts';
import { listRemoteVersions, type SourceSelection, sourcesFor } from '../resolve/index.ts';
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
  const settings = await settingsFor(options);
  const selection = sourcesFor(options.source, settings.github.repo);
  const failures: unknown[] = [];
  const channels = await Promise.all(
    selection.map(async (choice) => {
      try {
        return await ask({ settings, sources: [choice], signal: options.signal });
      } catch (error) {
        if (!isCodexRuntimeError(error, 'SOURCES_EXHAUSTED')) throw error;
        failures.push(error);
        return { channel: choice.channel, versions: null, reason: reasonOf(error.fields, error) };
      }
    }),
  );
  if (channels.some(({ versions }) => versions !== null)) return channels;
  throw failures[0];
}

async function settingsFor(options: RuntimeOptions): Promise<Settings> {
  const settings = settingsOf(options);
  if (options.repo !== undefined) return settings;
  const lock = await loadLock(settings.cwd);
  return lock === null ? settings : settingsOf({ ...options, repo: lock.repo });
}

interface Question {
  readonly settings: Settings;
  readonly sources: SourceSelection;
  readonly signal: AbortSignal | undefined;
}

async function ask(question: Question): Promise<RemoteChannel> {
  const { channel, versions } = await listRemoteVersions(question);
  return { channel, versions: versions.map(({ semver }) => semver), reason: null };
}

function reasonOf({ reasons }: Readonly<Record<string, unknown>>, error: Error): string {
  const [first] = Array.isArray(reasons) ? reasons : [error.message];
  return typeof first === 'string' ? first : 'It keeps no list of its versions.';
}
