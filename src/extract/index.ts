export type { ExtractedFiles, ExtractLimits, ExtractRequest } from './extract.ts';
export { extractRuntime } from './extract-runtime.ts';
export type { RefusalReason } from './refusal.ts';
