export { ByteQueue, endsMemory, lendMemory, returnMemory } from './byte-queue.ts';
export { leftBytes, partialId, removeLeftParts } from './claim.ts';
export type { Download, DownloadRequest } from './download.ts';
export { ACCEPT_HINT, silentSourcesHint } from './download-failure.ts';
export { openDownload } from './open-download.ts';
export { prunePartials } from './prune-partials.ts';
export { type Reason, reasonsIn, sourcesExhausted } from './reason.ts';
export { receiveAsset } from './receive-asset.ts';
export { createByteSource } from './sources.ts';
