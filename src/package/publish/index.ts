export type { PublishStep } from './plan-publish.ts';
export {
  type ImageStep,
  type PublishedImages,
  type PublishImagesRequest,
  publishImages,
} from './publish-images.ts';
export { type PublishRequest, type PublishResult, publishRelease } from './publish-release.ts';
export type { WaitingPackage } from './stage-release.ts';
