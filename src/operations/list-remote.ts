import type { Channel } from '../asset.ts';
import { isCodexRuntimeError } from '../errors.ts';
import { type RuntimeOptions, settingsOf } from '../request.ts';
import {
  DEFAULT_SOURCES,
  listRemoteVersions,
  parseSources,
  type SourceSelection,
} from '../resolve/index.ts';

/** What one channel says about the versions that there are. */
export interface RemoteChannel {
  readonly channel: Channel;
  /** Semver, the newest first; null where it keeps no list or did not answer. */
  readonly versions: readonly string[] | null;
  /** Why there is no list; null where there is one. */
  readonly reason: string | null;
}

/**
 * Asks every channel of `options.source` at once which versions it has.
 * @throws CodexRuntimeError `SOURCES_EXHAUSTED` when none of them can tell, `USAGE`, `ABORTED`
 */
export async function listRemote(options: RuntimeOptions = {}): Promise<readonly RemoteChannel[]> {
  const selection = options.source === undefined ? DEFAULT_SOURCES : parseSources(options.source);
  const failures: unknown[] = [];
  const channels = await Promise.all(
    selection.map(async (choice) => {
      try {
        return await ask(options, [choice]);
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

async function ask(options: RuntimeOptions, sources: SourceSelection): Promise<RemoteChannel> {
  const { channel, versions } = await listRemoteVersions({
    settings: settingsOf(options),
    sources,
    signal: options.signal,
  });
  return { channel, versions: versions.map(({ semver }) => semver), reason: null };
}

function reasonOf({ reasons }: Readonly<Record<string, unknown>>, error: Error): string {
  const [first] = Array.isArray(reasons) ? reasons : [error.message];
  return typeof first === 'string' ? first : 'It keeps no list of its versions.';
}
