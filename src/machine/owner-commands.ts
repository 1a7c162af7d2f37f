import type { CodexOwner } from './codex-owner.ts';

/** The owning tool's own commands for one of its installations; null where it has none. */
export interface OwnerCommands {
  readonly update: string | null;
  readonly remove: string | null;
}

/** How an owner is called in a sentence. */
export const OWNER_NAMES: Readonly<Record<CodexOwner['owner'], string>> = {
  'codex-runtime': "codex-runtime's",
  npm: "npm's",
  pnpm: "pnpm's",
  yarn: "Yarn's",
  bun: "Bun's",
  'vite-plus': "Vite+'s",
  homebrew: "Homebrew's",
  winget: "WinGet's",
  python: "Python's",
  uv: "uv's",
  cargo: "Cargo's",
  mise: "mise's",
  standalone: "Codex's own installer's",
  daemon: "Codex's daemon's",
  unknown: 'of unknown origin',
};

/** What updates and what removes an installation, by whoever put it there. */
export function ownerCommands({ owner, package: known }: CodexOwner): OwnerCommands {
  const name = known ?? '@openai/codex';
  switch (owner) {
    case 'codex-runtime':
      return { update: 'codex-runtime pin --update', remove: 'codex-runtime uninstall' };
    case 'npm':
      return { update: `npm install -g ${name}`, remove: `npm uninstall -g ${name}` };
    case 'pnpm':
      return { update: `pnpm add -g ${name}`, remove: `pnpm remove -g ${name}` };
    case 'yarn':
      return { update: `yarn global add ${name}`, remove: `yarn global remove ${name}` };
    case 'bun':
      return { update: `bun add -g ${name}`, remove: `bun remove -g ${name}` };
    case 'vite-plus':
      return { update: `vp install -g ${name}`, remove: `vp remove -g ${name}` };
    case 'homebrew':
      return { update: `brew upgrade ${known}`, remove: `brew uninstall ${known}` };
    case 'winget':
      return { update: 'winget upgrade OpenAI.Codex', remove: 'winget uninstall OpenAI.Codex' };
    case 'python': {
      const wheel = known ?? 'codex-cli-bin';
      return { update: `pip install --upgrade ${wheel}`, remove: `pip uninstall ${wheel}` };
    }
    case 'uv':
      return { update: `uv tool upgrade ${known}`, remove: `uv tool uninstall ${known}` };
    case 'cargo':
      return { update: 'cargo install codex-cli', remove: 'cargo uninstall codex-cli' };
    case 'mise':
      return { update: `mise upgrade ${known}`, remove: `mise uninstall ${known}` };
    case 'standalone':
      return { update: 'codex update', remove: null };
    case 'daemon':
      return { update: 'codex app-server daemon update', remove: 'codex app-server daemon stop' };
    case 'unknown':
      return { update: null, remove: null };
  }
}
