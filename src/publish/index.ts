export type { PublishStep } from './plan-publish.ts';
export { type PublishRequest, type PublishResult, publishRelease } from './publish-release.ts';
