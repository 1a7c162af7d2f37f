import { shellWord } from '../child/shell-word.ts';
import { prefixFlags } from '../place/index.ts';
import { isWhole } from '../store/index.ts';
import type { RuntimeDamage } from './damage.ts';
import type { Subject } from './subject.ts';

/**
 * The command that repairs a runtime where it lies.
 * @param wanted the version that was asked for; null for the one that is there
 */
export async function repairHint(
  subject: Subject,
  damages: readonly RuntimeDamage[],
  wanted: string | null,
): Promise<string> {
  const { runtime, lost, key, package: installed, linkedVersion } = subject;
  // A directory of the store says what it should hold when its manifest cannot.
  const version =
    wanted ?? runtime?.version ?? lost?.version ?? key?.version ?? linkedVersion ?? undefined;
  const target = runtime?.target ?? key?.target;
  const words = [
    `codex-runtime install ${version ?? 'VERSION'}`,
    target === undefined ? '' : `--target ${target}`,
    ...(installed === null ? [] : prefixWords(installed)),
    damages.some(({ kind }) => kind === 'incomplete') ? '--variant package' : '',
    (await needsForce(subject, damages)) ? '--force' : '',
  ];
  const command = words.filter((word) => word !== '').join(' ');
  if (lost === null) return `Repair it with "${command}".`;
  const forget = ['codex-runtime uninstall', ...(installed === null ? [] : prefixWords(installed))];
  return `Install it again with "${command}", or forget it with "${forget.filter((word) => word !== '').join(' ')}". npm removes what no package.json names: install after it.`;
}

/**
 * A plain installation looks at sizes, modes and times, and at what is there; what only hashing or
 * running shows it takes for whole.
 */
async function needsForce(
  { runtime, dir, lost, package: installed }: Subject,
  damages: readonly RuntimeDamage[],
): Promise<boolean> {
  if (lost !== null) return false;
  if (damages.some(({ kind, path }) => UNSEEN.has(kind) || (kind === 'version' && path !== null))) {
    return true;
  }
  if (runtime === null || !damages.some(({ kind }) => kind === 'digest')) return false;
  // The files of Python packages have no seal that shows a change.
  return installed?.ecosystem === 'python' || (await isWhole(dir, runtime));
}

const UNSEEN: ReadonlySet<RuntimeDamage['kind']> = new Set([
  'unexpected',
  'does-not-run',
  'handshake',
]);

function prefixWords({ layout, name, ecosystem, python }: NonNullable<Subject['package']>) {
  const [prefix, ...others] = prefixFlags(layout, name);
  return [
    python === null ? (prefix ?? '') : `--python ${shellWord(python)}`,
    ...others,
    ecosystem === 'python' ? '--ecosystem python' : '',
  ];
}
