import {
  binLink,
  findLostPackage,
  isHealthy,
  type LostPackage,
  loadInstalled,
  prefixFlags,
} from '../place/index.ts';
import { isWhole, listRuntimes, type RuntimeDescription } from '../store/index.ts';
import { isNative, parseTarget } from '../target/index.ts';
import { missingInStore, missingMembers, shakeHands } from '../verify/index.ts';
import { type Check, type Finding, fail, ok } from './finding.ts';

/** Whether the stored runtimes are whole, by size and time, and complete. */
export const checkStore: Check = async ({ settings: { home }, signal }) => {
  const runtimes = await listRuntimes(home);
  const stored = runtimes.map(({ manifest }) => manifest);
  const findings: Finding[] = [];
  for (const { dir, manifest } of runtimes) {
    const { version, target } = manifest;
    const lacking = missingInStore(manifest, stored);
    if (!(await isWhole(dir, manifest, signal))) {
      findings.push(
        fail('store', 'DAMAGED', {
          summary: `Codex ${version} at ${dir} is damaged.`,
          advice: `Run "codex-runtime install ${version} --target ${target}"; "codex-runtime verify" names the files.`,
          fields: { version, target, dir },
        }),
      );
    } else if (lacking.length > 0) {
      findings.push(incomplete('store', { runtime: manifest, dir, lacking, flags: [] }));
    }
  }
  if (findings.length > 0) return findings;
  const bytes = runtimes
    .flatMap(({ manifest }) => manifest.files)
    .reduce((sum, { size }) => sum + size, 0);
  const count = `${runtimes.length} ${runtimes.length === 1 ? 'runtime' : 'runtimes'}`;
  const summary = `The store has ${count}, ${(bytes / 1e9).toFixed(2)} GB. Every file has the size and time that it was stored with (codex-runtime verify hashes them).`;
  return [ok('store', summary, { runtimes: runtimes.length, bytes })];
};

/** Whether the package in the prefix is whole, complete and linked. */
export const checkInstalled: Check = async ({ settings: { home }, layout, name, signal }) => {
  const found = await loadInstalled(layout, name);
  const flags = prefixFlags(layout, name);
  const prefix = flags.join(' ');
  if (found === undefined) {
    const lost = await findLostPackage(home, layout, name);
    if (lost !== undefined) return [lostFinding(lost, prefix)];
    return [ok('installed', `${layout.prefix} has no runtime package.`, { installed: null })];
  }
  const { version, dir, runtime } = found;
  const advice = `Run "codex-runtime install ${version} ${prefix}".`;
  if (!(await isWhole(dir, runtime, signal))) {
    const summary = `${name} ${version} at ${dir} is damaged.`;
    return [fail('installed', 'DAMAGED', { summary, advice, fields: { version, dir } })];
  }
  if (!(await isHealthy(layout, found, signal))) {
    const link = binLink(layout, { name, executable: runtime.entrypoint });
    const summary = `${link} does not lead to ${name} ${version}.`;
    return [fail('installed', 'DAMAGED', { summary, advice, fields: { version, link } })];
  }
  const lacking = missingMembers(runtime);
  if (lacking.length > 0) return [incomplete('installed', { runtime, dir, lacking, flags })];
  return [ok('installed', `${layout.prefix} has Codex ${version}.`, { version, dir })];
};

function lostFinding({ dir, version, trace }: LostPackage, prefix: string): Finding {
  const fields = { version, dir, trace };
  const install = `codex-runtime install${version === null ? '' : ` ${version}`} ${prefix}`;
  if (trace === 'manifest') {
    const summary = `The runtime.json at ${dir} cannot be understood.`;
    return fail('installed', 'DAMAGED', { summary, advice: `Run "${install}".`, fields });
  }
  return fail('installed', 'DAMAGED', {
    summary: `The package at ${dir} is gone: "npm ci" empties node_modules, and npm removes what no package.json names.`,
    advice: `Run "${install}" to get it back, after each run of npm; or "codex-runtime uninstall ${prefix}" to forget it.`,
    fields,
  });
}

/** Whether the installed runtime, or the wanted one in the store, can be spoken to. */
export const checkHandshake: Check = async ({ settings, layout, name, signal }) => {
  const found = await loadInstalled(layout, name);
  if (found === undefined || !isNative(settings.host, parseTarget(found.runtime.target))) return [];
  const { executable, version } = found;
  const { env, home } = settings;
  const { handshake, failure } = await shakeHands({ executable, env, home, signal });
  if (handshake?.version === version) {
    return [ok('handshake', `Its app-server answers: ${handshake.userAgent}.`, { ...handshake })];
  }
  const actual = handshake?.version ?? failure;
  return [
    fail('handshake', 'DAMAGED', {
      summary: `The app-server of ${executable} does not answer as Codex ${version}: ${actual}`,
      advice: `Run "codex-runtime verify ${prefixFlags(layout, name).join(' ')}", and check what the app-server says.`,
      fields: { expected: version, actual, executable },
    }),
  ];
};

interface Incomplete {
  readonly runtime: RuntimeDescription;
  readonly dir: string;
  /** The members that are not there. */
  readonly lacking: readonly string[];
  /** What leads a command to it. */
  readonly flags: readonly string[];
}

function incomplete(id: string, { runtime, dir, lacking, flags }: Incomplete): Finding {
  const { version, target } = runtime;
  const words = [version, ...flags, `--target ${target}`, '--variant package'];
  return fail(id, 'DAMAGED', {
    summary: `Codex ${version} at ${dir} lacks ${lacking.join(', ')}: code mode fails without.`,
    advice: `Run "codex-runtime install ${words.join(' ')}".`,
    fields: { version, target, dir, missing: lacking },
  });
}
