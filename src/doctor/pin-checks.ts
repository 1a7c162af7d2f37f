import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { type IgnoredLockfile, type LoadedLock, loadLock } from '../lockfile/index.ts';
import { isUpstream } from '../pin/index.ts';
import { loadInstalled, prefixFlags } from '../place/index.ts';
import { type Pin, resolvePin } from '../request/index.ts';
import { type Check, type Finding, fail, failFrom, ok, type Patient, warn } from './finding.ts';

/** Whether the pin can be read, its lockfile holds for it, and the prefix has that version. */
export const checkPin: Check = async (patient) => {
  let pin: Pin;
  let lockfile: LoadedLock;
  const findings: Finding[] = [];
  try {
    lockfile = loadLock(patient.settings);
    findings.push(...lockfile.ignored.map(ignoredFinding));
    pin = await readPin(patient, lockfile);
  } catch (error) {
    if (isCodexRuntimeError(error, 'PIN_MISSING') && patient.settings.lockfile === null) {
      const advice = 'Pin one with "codex-runtime pin VERSION", and commit the lockfile.';
      return [
        ...findings,
        warn('pin', { summary: 'Nothing says which Codex version is wanted here.', advice }),
      ];
    }
    return [...findings, failFrom('pin', error)];
  }
  return [
    describePin(pin, lockfile),
    ...findings,
    ...lockFindings(pin, lockfile),
    ...(await installedFindings(patient, pin)),
  ];
};

/** The version that is wanted here; null where nothing names an exact one. */
export async function wantedVersion(patient: Patient): Promise<string | null> {
  try {
    const { spec } = await readPin(patient, loadLock(patient.settings));
    return spec.kind === 'exact' ? spec.version.semver : null;
  } catch (error) {
    // The check of the pin tells it.
    if (error instanceof CodexRuntimeError) return null;
    throw error;
  }
}

async function readPin({ settings, version }: Patient, lockfile: LoadedLock): Promise<Pin> {
  const { env } = settings;
  return await resolvePin({ argument: version ?? null, env, lockfile, ecosystem: 'node' });
}

function ignoredFinding(ignored: IgnoredLockfile): Finding {
  return warn('lockfile.ignored', {
    summary: `${ignored.path} is ignored: it ${ignored.reason}.`,
    advice: 'If you trust it, name it with --lockfile or CODEX_RUNTIME_LOCKFILE.',
    fields: { ...ignored },
  });
}

function describePin({ spec, origin }: Pin, { lock }: LoadedLock): Finding {
  const fields = { origin, locked: lock?.version ?? null };
  if (spec.kind === 'exact') {
    return ok('pin', `Codex ${spec.version.semver} is wanted (${origin}).`, fields);
  }
  return warn('pin', {
    summary: `The pin (${origin}) is not an exact version: it can mean another one tomorrow.`,
    advice: 'Write an exact version, or "codex-runtime pin" it.',
    fields,
  });
}

/** A lockfile for another version vouches for nothing, and nobody would notice. */
function lockFindings({ spec, origin }: Pin, { lock, path }: LoadedLock): readonly Finding[] {
  if (lock === null) return [];
  const { version: locked, repo } = lock;
  const fields = { locked, path, repo };
  if (spec.kind !== 'exact' || spec.version.semver === locked) {
    const of = isUpstream(repo) ? '' : ` of ${repo}`;
    return [ok('lockfile', `${path} pins Codex ${locked}${of}.`, fields)];
  }
  const wanted = spec.version.semver;
  return [
    fail('lockfile', 'LOCK_INCOMPLETE', {
      summary: `${path} pins Codex ${locked}, but ${origin} says ${wanted}: its digests do not count.`,
      advice: `Run "codex-runtime pin ${wanted}", or undo what ${origin} says.`,
      fields: { ...fields, wanted, origin },
    }),
  ];
}

async function installedFindings(
  { layout, name }: Patient,
  { spec, origin }: Pin,
): Promise<readonly Finding[]> {
  const found = await loadInstalled(layout, name);
  if (found === undefined || spec.kind !== 'exact') return [];
  const wanted = spec.version.semver;
  if (found.version === wanted) return [];
  return [
    fail('installed.version', 'DAMAGED', {
      summary: `${layout.prefix} has Codex ${found.version}, but ${origin} says ${wanted}.`,
      advice: `Run "codex-runtime install ${wanted} ${prefixFlags(layout, name).join(' ')}".`,
      fields: { expected: wanted, actual: found.version, prefix: layout.prefix },
    }),
  ];
}
