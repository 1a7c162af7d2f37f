export { type RunningServer, runningServers } from './app-servers.ts';
export type { CodexOwner } from './codex-owner.ts';
export { codexesOnPath, type FoundCodex, findCodexes } from './codexes.ts';
export { OWNER_NAMES } from './owner-commands.ts';
export { findDaemon, type VendorDaemon } from './vendor-daemon.ts';
