import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { trustedOwners, writtenByOthers } from '../../disk/others.ts';

/** Where npm puts a package and the links to its executables. All paths are absolute. */
export interface PrefixLayout {
  readonly prefix: string;
  readonly global: boolean;
  /** `node_modules` (in `lib` for a global prefix, except on Windows). */
  readonly modules: string;
  /** `node_modules/.bin`; `bin` of a global prefix; the global prefix itself on Windows. */
  readonly bin: string;
}

/** npm's own layouts. Source: `npm help folders`. */
export function prefixLayout(options: {
  readonly prefix: string;
  readonly global: boolean;
  /** Node's `process.platform`. */
  readonly platform: string;
}): PrefixLayout {
  const { global } = options;
  const prefix = resolve(options.prefix);
  if (!global) {
    const modules = join(prefix, 'node_modules');
    return { prefix, global, modules, bin: join(modules, '.bin') };
  }
  if (options.platform === 'win32') {
    return { prefix, global, modules: join(prefix, 'node_modules'), bin: prefix };
  }
  return { prefix, global, modules: join(prefix, 'lib', 'node_modules'), bin: join(prefix, 'bin') };
}

/**
 * Where builds of a package may lie; hidden, as npm's own bookkeeping is. In a project, whose files
 * are the user's, and in a global prefix they lie in `node_modules`, which is first. In a prefix that
 * we describe to npm they lie beside it: `npm ci` empties `node_modules` and makes the link again.
 */
export function buildsDirs({ prefix, global, modules }: PrefixLayout, name: string): BuildsDirs {
  const inModules = join(modules, `.${name}`);
  return global ? [inModules] : [inModules, join(prefix, `.${name}`)];
}

/** Every directory that an installation may make, besides what is in a build. */
export function directoriesOf(layout: PrefixLayout, name: string): readonly string[] {
  const { prefix, modules, bin } = layout;
  const inside = [join(modules, name), ...buildsDirs(layout, name)];
  // A scope is a directory of its own, and so is `lib` of a global prefix.
  const above = [modules, ...inside].map((dir) => dirname(dir));
  return [...new Set([prefix, modules, bin, ...above, ...buildsDirs(layout, name)])];
}

type BuildsDirs = readonly [string, ...string[]];

/**
 * The prefix that npm takes when none is named: the nearest project upward, else `cwd`. What is
 * installed there may be run, so a project that others could have made is passed over.
 */
export function localPrefix(cwd: string): string {
  const trusted = trustedOwners(cwd);
  for (let dir = resolve(cwd); ; dir = dirname(dir)) {
    const marks = ['package.json', 'node_modules'].map((name) => join(dir, name));
    const found = marks.filter((mark) => existsSync(mark));
    const own = found.every((mark) => writtenByOthers(mark, trusted) === undefined);
    if (found.length > 0 && own) return dir;
    if (dir === dirname(dir)) return resolve(cwd);
  }
}
