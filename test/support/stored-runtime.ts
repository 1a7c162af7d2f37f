import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  commitRuntime,
  openStaging,
  type Runtime,
  type RuntimeManifest,
} from '../../src/store/index.ts';
import { HELD } from './held.ts';
import { type MiniatureRuntime, miniatureRuntime } from './miniature-runtime.ts';

/** Puts a runtime of a few bytes into the store of `home`, sealed as provisioning leaves it. */
export async function storedRuntime(
  home: string,
  content: MiniatureRuntime & { readonly variant?: RuntimeManifest['variant'] } = {},
): Promise<Runtime> {
  const { version = '0.115.0' } = content;
  const name = { version, target: 'x86_64-unknown-linux-musl' } as const;
  const staging = await openStaging(home, name, HELD);
  const built = await miniatureRuntime(staging, content);
  const manifest = { ...built.manifest, variant: content.variant ?? 'package' };
  await rm(join(built.dir, 'runtime.json'));
  return await commitRuntime(home, { staging: built.dir, manifest });
}
