import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { exists } from '../disk/exists.ts';
import type { Environment, Settings } from '../request/index.ts';

/** Codex's own directory. */
export function codexHome(env: Environment): string {
  return env['CODEX_HOME'] || join(homeOf(env), '.codex');
}

/**
 * The executables, or the scripts that start them, where the tools that people install Codex with
 * put it. Directories are read, nothing is run: `npm root -g` alone would take longer than all of it.
 */
export async function findInKnownPlaces(settings: Settings): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pattern of patterns(settings)) found.push(...(await expand(pattern)));
  return found;
}

function homeOf(env: Environment): string {
  return env['HOME'] || env['USERPROFILE'] || homedir();
}

/** A `*` stands for anything within one name. */
function patterns({ env, host }: Settings): readonly string[] {
  const home = homeOf(env);
  const windows = host.platform === 'win32';
  const exe = windows ? '.exe' : '';
  const data = env['XDG_DATA_HOME'] ?? join(home, '.local/share');
  const launcher = 'node_modules/@openai/codex/bin/codex.js';
  const pnpm = env['PNPM_HOME'] ?? join(data, 'pnpm');
  const tree = `bin/codex${exe}`;
  return [
    join(codexHome(env), `packages/standalone/releases/*/${tree}`),
    join(codexHome(env), `packages/app-server-daemon/releases/*/${tree}`),
    ...npmPrefixes(env, home).map((prefix) => join(prefix, windows ? launcher : `lib/${launcher}`)),
    join(pnpm, `global/*/${launcher}`),
    join(home, `Library/pnpm/global/*/${launcher}`),
    join(env['BUN_INSTALL'] ?? join(home, '.bun'), `install/global/${launcher}`),
    join(home, `.config/yarn/global/${launcher}`),
    join(home, `.vite-plus/packages/*/${launcher}`),
    join(home, `.vite-plus/packages/${launcher}`),
    ...['/opt/homebrew', '/usr/local', '/home/linuxbrew/.linuxbrew'].flatMap((brew) => [
      join(brew, 'Caskroom/codex/*/codex*'),
      join(brew, 'Cellar/codex/*/bin/codex'),
    ]),
    join(data, `mise/installs/*codex*/*/${tree}`),
    join(data, `mise/installs/*codex*/*/codex${exe}`),
    join(data, 'uv/tools/*codex*/bin/codex'),
    join(home, '.local/lib/python*/site-packages/*codex_cli_bin/bin/codex'),
    join(env['CARGO_HOME'] ?? join(home, '.cargo'), tree),
    ...(windows && env['LOCALAPPDATA'] !== undefined
      ? [join(env['LOCALAPPDATA'], 'Microsoft/WinGet/Packages/OpenAI.Codex*/codex*.exe')]
      : []),
  ];
}

/** Where global packages of npm lie, for the Nodes that version managers keep, too. */
function npmPrefixes(env: Environment, home: string): readonly string[] {
  const named = env['npm_config_prefix'] ?? env['NPM_CONFIG_PREFIX'];
  return [
    ...(named === undefined ? [] : [named]),
    join(dirname(process.execPath), '..'),
    join(home, '.npm-global'),
    join(env['NVM_DIR'] ?? join(home, '.nvm'), 'versions/node/*'),
    join(home, '.local/share/fnm/node-versions/*/installation'),
    join(home, '.volta/tools/image/node/*'),
    ...(env['APPDATA'] === undefined ? [] : [join(env['APPDATA'], 'npm')]),
  ];
}

async function expand(pattern: string): Promise<readonly string[]> {
  const at = pattern.indexOf('*');
  if (at === -1) return (await exists(pattern)) ? [pattern] : [];
  const dir = dirname(pattern.slice(0, at + 1));
  const [name = '', ...rest] = pattern.slice(dir.length + 1).split(/[/\\]/);
  const fits = new RegExp(`^${name.split('*').map(escapeText).join('.*')}$`);
  const names = (await readdir(dir).catch(() => [])).filter((each) => fits.test(each)).sort();
  const found = await Promise.all(names.map((each) => expand(join(dir, each, ...rest))));
  return found.flat();
}

function escapeText(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}
