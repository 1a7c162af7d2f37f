import { CodexRuntimeError, escapeControls } from '../../errors.ts';
import type { RuntimeOptions, Settings } from '../../request/index.ts';
import { localPrefix, type PrefixLayout, prefixLayout } from './layout.ts';

export interface PrefixOptions extends RuntimeOptions {
  /** Directory to install into. Default: the nearest project upward, as npm chooses it. */
  readonly prefix?: string;
  /** npm's global layout, below `prefix` or npm's own global prefix. Default false. */
  readonly global?: boolean;
  /** Name of the installed package. Default `codex-cli-bin`. */
  readonly name?: string;
}

/** Whether the options name a prefix; otherwise everything on this machine is meant. */
export function namesPrefix({ prefix, global, name }: PrefixOptions): boolean {
  return prefix !== undefined || global === true || name !== undefined;
}

/** The prefix that the options name, in npm's layout. */
export async function layoutOf(options: PrefixOptions, settings: Settings): Promise<PrefixLayout> {
  const global = options.global ?? false;
  const prefix = options.prefix ?? (await defaultPrefix(settings, global));
  const layout = prefixLayout({ prefix, global, platform: settings.host.platform });
  verifyPrintable(layout.prefix);
  return layout;
}

/** Paths below it are printed as results: none may add a line or move the cursor. */
function verifyPrintable(prefix: string): void {
  if (!prefix.includes('\n') && escapeControls(prefix) === prefix) return;
  throw new CodexRuntimeError(
    'PREFIX_INVALID',
    `The prefix ${JSON.stringify(prefix)} holds control characters.`,
    { hint: 'Name a directory with --prefix whose path can be printed.', fields: { prefix } },
  );
}

async function defaultPrefix(settings: Settings, global: boolean): Promise<string> {
  if (!global) return localPrefix(settings.cwd);
  const { globalPrefix } = await import('../../fetch/npm/index.ts');
  return await globalPrefix(settings);
}
