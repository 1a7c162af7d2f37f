export { type RunningServer, runningServers } from './app-servers.ts';
export { codexesOnPath, type FoundCodex, findCodexes } from './codexes.ts';
export { OWNER_NAMES } from './owner-commands.ts';
export { findDaemon } from './vendor-daemon.ts';
