import compareVersions from 'semver/functions/compare.js';
import { codexesOnPath, findDaemon, type RunningServer, runningServers } from '../machine/index.ts';
import { type Check, type Finding, ok, type Patient, warn } from './finding.ts';
import { wantedVersion } from './pin-checks.ts';

/**
 * The package that Codex's own daemon keeps: it stays at the version that first started it, whatever
 * the pin says, and its updater looks for newer ones.
 */
export const checkDaemon: Check = async (patient) => {
  const daemon = await findDaemon(patient.settings.env);
  if (daemon === undefined) return [];
  const wanted = await wantedVersion(patient);
  const { dir, version } = daemon;
  const updaters = (await serversOf(patient)).filter(({ role }) => role === 'updater');
  const fields = { ...daemon, wanted, updaters: updaters.map(({ pid }) => pid) };
  const what = `The daemon of "codex app-server daemon" starts Codex ${version ?? 'of an unknown version'} from ${dir}`;
  if (wanted === null || wanted === version) return [ok('daemon', `${what}.`, fields)];
  const kill = updaters.map(({ pid }) => `"kill ${pid}" (its updater), `).join('');
  return [
    warn('daemon', {
      summary: `${what}, but Codex ${wanted} is wanted.`,
      advice: `Run "codex app-server daemon stop", then ${kill}delete ${dir}: the next start takes the Codex that it is started from.`,
      fields,
    }),
  ];
};

/** The app-servers of this user, and whether one is older than the command that would speak to it. */
export const checkServers: Check = async (patient) => {
  const { platform } = patient.settings.host;
  const running = await runningServers(patient.settings);
  if (running === null) {
    const summary = `Whether a Codex app-server runs is not known on ${platform}.`;
    return [ok('servers', summary, { servers: null })];
  }
  const servers = running.filter(({ role }) => role === 'server');
  if (servers.length === 0) return [ok('servers', 'No Codex app-server runs.', { servers })];
  const list = servers
    .map(({ pid, version, executable }) => `${pid} (Codex ${version ?? '?'}, ${executable})`)
    .join(', ');
  const findings: Finding[] = [
    ok('servers', `Codex app-servers of this user, by process id: ${list}.`, { servers: running }),
  ];
  const command = await commandVersion(patient);
  if (command === null) return findings;
  for (const { pid, version, executable } of servers) {
    if (version === null || compareVersions(version, command.version) >= 0) continue;
    findings.push(
      warn('servers.older', {
        summary: `The app-server with process id ${pid} is Codex ${version}, older than ${command.path} (${command.version}).`,
        advice: 'End it and start it again: until then its clients speak to the older one.',
        fields: { pid, version, executable, command },
      }),
    );
  }
  return findings;
};

async function serversOf({ settings }: Patient): Promise<readonly RunningServer[]> {
  return (await runningServers(settings)) ?? [];
}

/** The Codex that a shell runs. */
async function commandVersion({
  settings,
}: Patient): Promise<{ readonly path: string; readonly version: string } | null> {
  const [first] = await codexesOnPath(settings);
  const { path, version = null } = first ?? {};
  return path === undefined || version === null ? null : { path, version };
}
