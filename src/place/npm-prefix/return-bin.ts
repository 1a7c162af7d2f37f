import { chmod, readdir, readFile, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { exists } from '../../disk/exists.ts';
import { asJsonObject, tryParseJson } from '../../json.ts';
import { binLink } from './bin-link.ts';
import type { PrefixLayout } from './layout.ts';

/**
 * Gives the command `codex` back to the package of the prefix that has one, usually
 * `@openai/codex`, as npm would link it. Only where no command is left, and as far as it can: the
 * uninstallation has succeeded whatever comes of this.
 * @returns the package's name; null where there is none
 */
export async function returnBin(
  layout: PrefixLayout,
  ours: { readonly name: string; readonly executable: string | null },
): Promise<string | null> {
  const link = binLink(layout, ours);
  if (await exists(link)) return null;
  for (const name of await packageNames(layout.modules)) {
    if (name === ours.name) continue;
    const file = await commandOf(join(layout.modules, name));
    if (file === undefined) continue;
    try {
      await makeLink(layout, link, file);
      return name;
    } catch {
      return null;
    }
  }
  return null;
}

async function makeLink(layout: PrefixLayout, link: string, file: string): Promise<void> {
  await chmod(file, 0o755);
  if (!link.endsWith('.cmd')) return await symlink(relative(layout.bin, file), link);
  const { default: cmdShim } = await import('cmd-shim');
  await cmdShim(file, link.slice(0, -'.cmd'.length));
}

/** The packages that npm put into `node_modules`, those with a scope first. */
async function packageNames(modules: string): Promise<readonly string[]> {
  const names = (await readdir(modules).catch(() => [])).filter((name) => !name.startsWith('.'));
  const found: string[] = [];
  for (const name of names.sort()) {
    if (!name.startsWith('@')) found.push(name);
    else {
      const scoped = await readdir(join(modules, name)).catch(() => []);
      found.push(...scoped.map((each) => `${name}/${each}`));
    }
  }
  return found;
}

/** The file that a package's `package.json` names for the command `codex`; absolute. */
async function commandOf(dir: string): Promise<string | undefined> {
  const text = await readFile(join(dir, 'package.json'), 'utf8').catch(() => '');
  const { name, bin } = asJsonObject(tryParseJson(text));
  const path =
    typeof bin === 'string'
      ? typeof name === 'string' && /(?:^|\/)codex$/.test(name) && bin
      : asJsonObject(bin)['codex'];
  if (typeof path !== 'string' || path.split(/[\\/]/).includes('..')) return undefined;
  const file = join(dir, path);
  return (await exists(file)) ? file : undefined;
}
