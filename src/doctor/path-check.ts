import { codexesOnPath, type FoundCodex, findCodexes, OWNER_NAMES } from '../machine/index.ts';
import { type Check, ok, warn } from './finding.ts';

/** Which `codex` a shell runs, and which others it hides. */
export const checkPath: Check = async ({ settings }) => {
  const found = await codexesOnPath(settings);
  const [first, ...others] = found;
  const fields = { codex: found.map(({ onPath: _, ...codex }) => codex) };
  if (first === undefined) return [ok('path', 'No codex is on PATH.', fields)];
  if (others.length === 0) return [ok('path', `codex is ${describe(first)}.`, fields)];
  const list = others.map(describe).join('; ');
  return [
    warn('path', {
      summary: `A shell runs ${describe(first)}; it hides ${list}.`,
      advice: `Remove what you do not want (${removal(first)}), or put the directory of the other first in PATH.`,
      fields,
    }),
  ];
};

/** What other tools have installed and no shell finds; the daemon's copy has a check of its own. */
export const checkInstallations: Check = async ({ settings }) => {
  const found = await findCodexes(settings);
  const hidden = found.filter(({ onPath, owner }) => !onPath && owner !== 'daemon');
  if (hidden.length === 0) return [];
  const list = hidden.map((codex) => `${describe(codex)}, to remove: ${removal(codex)}`).join('; ');
  const codexes = hidden.map(({ onPath: _, ...codex }) => codex);
  return [ok('installations', `Installed, but not on PATH: ${list}.`, { codex: codexes })];
};

function describe({ path, owner, package: name, version }: FoundCodex): string {
  const what = [OWNER_NAMES[owner], name, version].filter((part) => part !== null).join(' ');
  return `${path} (${what})`;
}

/** The owner's own command; what nobody answers for is a file to look at, not one to delete unseen. */
function removal({ remove, owner, path, onPath }: FoundCodex): string {
  if (remove !== null) return remove;
  if (owner !== 'standalone') return `for instance ${path}`;
  return onPath
    ? `the link ${path} and the directory that it leads to`
    : `the directory of ${path}`;
}
