import type { Channel } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Version } from '../pin/index.ts';
import { placeOf } from './place.ts';

/** A `RELEASE_NOT_FOUND`: the channel answered, and is sure not to have the version. */
export function releaseNotFound(channel: Channel, version: Version): CodexRuntimeError {
  return new CodexRuntimeError(
    'RELEASE_NOT_FOUND',
    `Codex ${version.semver} is not ${placeOf([channel])}.`,
    { fields: { version: version.semver, channel } },
  );
}
