import { CodexRuntimeError } from '../../errors.ts';
import type { Target } from '../../target/index.ts';

/** The name of our packages where `--name` gives no other. */
export const DEFAULT_PACKAGE_NAME = 'codex-cli-bin';

// A leading dash could be read as an option, so it is refused although old npm names have it.
const NPM_NAME = /^(?:@[a-z0-9][a-z0-9._~-]*\/)?[a-z0-9][a-z0-9._~-]*$/;

/**
 * Checks a package name against npm's rules for new packages.
 * @throws CodexRuntimeError `USAGE`
 */
export function parsePackageName(text: string): string {
  if (NPM_NAME.test(text) && text.length <= 214 && !text.includes('..')) return text;
  throw new CodexRuntimeError('USAGE', `"${text}" is not a package name that npm accepts.`, {
    hint: 'Write it in lower case, like codex-cli-bin or @example/codex.',
    fields: { name: text },
  });
}

/** The npm name under which the build for one target is published, e.g. `codex-cli-bin-linux-x64`. */
export function platformPackageName(rootName: string, target: Target): string {
  return `${rootName}-${target.npmTag}`;
}

export interface PythonNames {
  /** As PyPI shows it: `codex-cli-bin`. */
  readonly distribution: string;
  /** As wheels and `import` spell it: `codex_cli_bin`. */
  readonly importName: string;
}

/** What Python calls the package that npm calls `name`; a scope becomes a prefix. */
export function pythonNames(name: string): PythonNames {
  const distribution = name
    .replace(/^@/, '')
    .replace(/[/._~-]+/g, '-')
    .replace(/^-|-$/g, '');
  return { distribution, importName: distribution.replaceAll('-', '_') };
}
