import { trustedOwners } from '../disk/others.ts';
import { CodexRuntimeError } from '../errors.ts';
import { DEFAULT_PACKAGE_NAME, parsePackageName, pythonNames } from '../package/stage/index.ts';
import type { Settings } from '../request/index.ts';
import type { KnownPrefix } from './known-prefixes.ts';
import { prefixLayout } from './npm-prefix/layout.ts';
import { nodePlace } from './npm-prefix/node-place.ts';
import { layoutOf, namesPrefix } from './npm-prefix/prefix.ts';
import type { Place, PlaceOptions } from './place.ts';

/**
 * The place that the options mean. What only one ecosystem needs is loaded for it alone.
 * @throws CodexRuntimeError `USAGE` for options that do not go together, a package name that npm
 * refuses, and where no Python environment is named or found; `PREFIX_INVALID`
 */
export async function openPlace(options: PlaceOptions, settings: Settings): Promise<Place> {
  refuseMixed(options);
  const { home } = settings;
  if (options.ecosystem !== 'python') {
    const name = parsePackageName(options.name ?? DEFAULT_PACKAGE_NAME);
    const trusted = namesPrefix(options) ? null : trustedOwners(settings.cwd);
    return nodePlace(home, await layoutOf(options, settings), name, trusted);
  }
  const { pythonEnvironment } = await import('./python/environment.ts');
  const { pythonPlace } = await import('./python/python-place.ts');
  return pythonPlace(home, await pythonEnvironment(options, settings));
}

/**
 * Refuses what belongs to the other ecosystem, which would go unheard.
 * @throws CodexRuntimeError `USAGE`
 */
export function refuseMixed({ ecosystem, python, global }: PlaceOptions): void {
  if (ecosystem !== 'python' && python !== undefined) {
    throw new CodexRuntimeError('USAGE', '--python belongs to --ecosystem python.', {
      hint: 'Add --ecosystem python, or leave out --python.',
    });
  }
  if (ecosystem === 'python' && global === true) {
    throw new CodexRuntimeError('USAGE', '--global does not go with --ecosystem python.', {
      hint: 'Name an interpreter with --python, or a directory with --prefix.',
    });
  }
}

/** The place that a note of the home names. */
export async function notedPlace(
  { home, host, env }: Settings,
  { prefix, global, name, python }: KnownPrefix,
): Promise<Place> {
  if (python === undefined) {
    return nodePlace(home, prefixLayout({ prefix, global, platform: host.platform }), name);
  }
  const { pythonPlace } = await import('./python/python-place.ts');
  const environment = {
    python: python.interpreter ?? 'python3',
    prefix: python.interpreter === null ? prefix : null,
    names: pythonNames(name),
    env,
  };
  return pythonPlace(home, environment, python);
}
