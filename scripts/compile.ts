import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type OutputFile, type Plugin } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const NODE = { platform: 'node', target: 'node20.19' } as const;

/** What is published, by its place in dist/, and the module that it begins with. */
const ENTRIES = {
  'cli/main': 'src/cli/main.ts',
  index: 'src/index.ts',
  'app-server/index': 'src/app-server/index.ts',
};

/** commander starts programs for subcommands that are files. Ours are not, and loading takes 3 ms. */
const lateChildProcess: Plugin = {
  name: 'late-child-process',
  setup({ onLoad }) {
    onLoad({ filter: /commander[\\/]lib[\\/]command\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        "require('node:child_process')",
        "{ spawn: (...words) => process.getBuiltinModule('node:child_process').spawn(...words) }",
      ),
    }));
  },
};

/** One run of esbuild over all entries: a module that several of them reach is in one chunk. */
export function compile(): Promise<{ outputFiles: OutputFile[]; metafile: Metafile }> {
  return build({
    ...NODE,
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    // minipass-fetch takes it for text in foreign encodings, where it is there: 0.5 MB for nobody.
    external: ['iconv-lite'],
    plugins: [lateChildProcess],
    logLevel: 'warning',
  });
}
