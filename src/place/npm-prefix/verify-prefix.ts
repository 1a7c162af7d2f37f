import { dirname, join } from 'node:path';
import { verifyWritable } from '../../disk/verify-writable.ts';
import { entrypointOf } from '../../extract/index.ts';
import type { Target } from '../../target/index.ts';
import { verifyBuilds } from '../builds.ts';
import { verifyBin } from './bin-link.ts';
import { buildsDirs, type PrefixLayout } from './layout.ts';
import { buildsDir } from './package-hold.ts';
import { prefixError } from './prefix-error.ts';
import { ownsPrefixJson } from './prefix-json.ts';

export interface PrefixRequest {
  /** Name of the package. */
  readonly name: string;
  readonly target: Target;
  readonly force: boolean;
}

/**
 * Refuses a prefix into which the package cannot go, before anything is fetched for it. Nothing is
 * made: an installation that fails later leaves no prefix behind.
 * @throws CodexRuntimeError as `installNodePackage` would
 */
export async function verifyPrefix(
  layout: PrefixLayout,
  { name, target, force }: PrefixRequest,
): Promise<void> {
  const ownsJson = await ownsPrefixJson(layout, name).catch((error: unknown) => {
    throw prefixError(error, layout);
  });
  const builds = await buildsDir(layout, name);
  const written = [builds, dirname(join(layout.modules, name)), layout.bin];
  for (const dir of ownsJson ? [layout.prefix, ...written] : written) {
    await verifyWritable(dir).catch((error: unknown) => {
      throw prefixError(error, layout);
    });
  }
  await verifyBuilds(...buildsDirs(layout, name));
  await verifyBin(layout, { name, executable: entrypointOf(target) }, { force });
}
