import { prefixFlags } from '../install/index.ts';
import { shellWord } from '../shell-word.ts';
import type { RuntimeDamage } from './damage.ts';
import type { Subject } from './subject.ts';

/**
 * The command that mends a runtime where it lies.
 * @param wanted the version that was asked for; null for the one that is there
 */
export function mendingHint(
  subject: Subject,
  damages: readonly RuntimeDamage[],
  wanted: string | null,
): string {
  const { runtime, lost, key, package: installed } = subject;
  // A directory of the store says what it should hold when its manifest cannot.
  const version = wanted ?? runtime?.version ?? lost?.version ?? key?.version;
  const target = runtime?.target ?? key?.target;
  const words = [
    `codex-runtime install ${version ?? 'VERSION'}`,
    target === undefined ? '' : `--target ${target}`,
    ...(installed === null ? [] : prefixWords(installed)),
    damages.some(({ kind }) => kind === 'incomplete') ? '--variant package' : '',
    lost === null ? '--force' : '',
  ];
  const command = words.filter((word) => word !== '').join(' ');
  if (lost === null) return `Mend it with "${command}": it downloads and verifies again.`;
  const forget = ['codex-runtime uninstall', ...(installed === null ? [] : prefixWords(installed))];
  return `Bring it back with "${command}", or forget it with "${forget.filter((word) => word !== '').join(' ')}". npm removes what no package.json names, and "npm ci" everything: install after it.`;
}

function prefixWords({ layout, name, ecosystem, python }: NonNullable<Subject['package']>) {
  const [prefix, ...others] = prefixFlags(layout, name);
  return [
    python === null ? (prefix ?? '') : `--python ${shellWord(python)}`,
    ...others,
    ecosystem === 'python' ? '--ecosystem python' : '',
  ];
}
