export { type RunningServer, runningServers } from './app-servers.ts';
export { codexesOnPath, type FoundCodex, findCodexes } from './codexes.ts';
export { codexHome } from './known-places.ts';
export { OWNER_NAMES } from './owner-commands.ts';
export { runningExecutables } from './processes.ts';
export { findDaemon } from './vendor-daemon.ts';
