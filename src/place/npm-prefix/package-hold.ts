import { join } from 'node:path';
import { buildsDirs, type PrefixLayout } from './layout.ts';
import { ownsPrefixJson } from './prefix-json.ts';

/** Where the next build of the package goes; see {@link buildsDirs}. */
export async function buildsDir(layout: PrefixLayout, name: string): Promise<string> {
  const [inModules, inPrefix = inModules] = buildsDirs(layout, name);
  // A prefix that cannot be read holds neither; whoever writes there says why.
  return (await ownsPrefixJson(layout, name).catch(() => false)) ? inPrefix : inModules;
}

/** What is held while the builds of a package change. */
export async function packageHold(layout: PrefixLayout, name: string): Promise<string> {
  return join(await buildsDir(layout, name), 'install');
}
