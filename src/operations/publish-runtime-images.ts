import {
  type PublishedImages,
  type PublishImagesRequest,
  publishImages,
} from '../package/publish/index.ts';
import { type RuntimeOptions, settingsOf } from '../request/index.ts';

export interface PublishImagesOptions
  extends Pick<RuntimeOptions, 'cwd' | 'env' | 'home' | 'host' | 'signal'>,
    Omit<PublishImagesRequest, 'settings' | 'signal'> {}

/**
 * Publishes the images that `packRuntimes` made with the ecosystem `oci` to a container registry, so
 * that nobody ever meets a tag of half a release; an interrupted call is finished by the same call.
 * @throws CodexRuntimeError `PUBLISH_FAILED`, `DAMAGED`, `USAGE`, `SOURCE_UNAVAILABLE`, `ABORTED`
 */
export async function publishRuntimeImages(
  options: PublishImagesOptions,
): Promise<PublishedImages> {
  const { cwd, env, home, host, ...request } = options;
  const settings = settingsOf({ cwd, env, home, host });
  return await publishImages({ ...request, settings });
}
