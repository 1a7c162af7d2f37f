export type { ExtractedFiles, ExtractLimits, ExtractRequest, RuntimeFile } from './extract.ts';
export { extractRuntime } from './extract-runtime.ts';
export { entrypointOf } from './layout.ts';
export type { RefusalReason } from './refusal.ts';
