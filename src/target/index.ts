export { detectHost } from './detect.ts';
export { type Host, hostTarget, isNative } from './host.ts';
export { parseTarget, parseTargets, TARGETS, type Target, type Triple } from './target.ts';
