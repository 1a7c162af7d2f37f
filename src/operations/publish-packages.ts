import { forManyListeners } from '../abort.ts';
import {
  type PublishRequest,
  type PublishResult,
  publishRelease,
} from '../package/publish/index.ts';
import { type RuntimeOptions, settingsOf } from '../request/index.ts';

export interface PublishOptions
  extends Pick<RuntimeOptions, 'cwd' | 'env' | 'home' | 'host' | 'signal'>,
    Omit<PublishRequest, 'settings' | 'signal'> {}

/**
 * Publishes what `packRuntimes` wrote, so that nobody ever meets half a release; an interrupted call
 * is finished by the same call. Wheels are checked and left for the PyPI client.
 * @throws CodexRuntimeError `PUBLISH_FAILED`, `DAMAGED`, `USAGE`, `SOURCE_UNAVAILABLE`, `ABORTED`
 */
export async function publishPackages(options: PublishOptions): Promise<PublishResult> {
  const { cwd, env, home, host, ...request } = options;
  const settings = settingsOf({ cwd, env, home, host });
  // Every package is asked for at once.
  const signal = forManyListeners(request.signal);
  return await publishRelease({ ...request, settings, signal });
}
