import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles `test/fixtures/<name>.ts` into one program for a plain `node`, in `directory`; returns its path. */
export async function bundleFixture(name: string, directory: string): Promise<string> {
  const outfile = join(directory, `${name}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, '..', 'fixtures', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
    // CommonJS dependencies call require for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}
