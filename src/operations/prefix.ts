import { localPrefix, type PrefixLayout, prefixLayout } from '../install/index.ts';
import { type RuntimeOptions, settingsOf } from '../request.ts';
import type { Settings } from '../settings.ts';

export { DEFAULT_PACKAGE_NAME } from '../stage/package-names.ts';

export interface PrefixOptions extends RuntimeOptions {
  /** Directory to install into. Default: the nearest project upward, as npm chooses it. */
  readonly prefix?: string;
  /** npm's global layout, below `prefix` or npm's own global prefix. Default false. */
  readonly global?: boolean;
  /** Name of the installed package. Default `codex-cli-bin`. */
  readonly name?: string;
}

/** The prefix that the options name, in npm's layout. */
export async function layoutOf(options: PrefixOptions): Promise<PrefixLayout> {
  const settings = settingsOf(options);
  const global = options.global ?? false;
  const prefix = options.prefix ?? (await defaultPrefix(settings, global));
  return prefixLayout({ prefix, global, platform: settings.host.platform });
}

async function defaultPrefix(settings: Settings, global: boolean): Promise<string> {
  if (!global) return localPrefix(settings.cwd);
  const { globalPrefix } = await import('../npm/index.ts');
  return await globalPrefix(settings);
}
