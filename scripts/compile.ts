import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type OutputFile, type Plugin } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const NODE = { platform: 'node', target: 'node20.19' } as const;

/** What is published, by its place in dist/, and the module that it begins with. */
const ENTRIES = {
  'cli/main': 'src/cli/main.ts',
  index: 'src/index.ts',
  'app-server/index': 'src/app-server/index.ts',
  'code-mode/index': 'src/code-mode/index.ts',
};

/** What runs in processes and threads of its own: whole files, which start faster than chunks. */
const PROGRAMS = {
  'code-mode/host': 'src/code-mode/host.ts',
  'code-mode/worker': 'src/code-mode/worker.ts',
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

const SOURCES = join(ROOT, 'src/');

/**
 * A module of ours does nothing when it is loaded but define what it exports. esbuild may then take
 * one name from a room's index without the files behind the other names.
 */
const pureModules: Plugin = {
  name: 'pure-modules',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir }) => {
      const module = resolve(resolveDir, path);
      return module.startsWith(SOURCES) ? { path: module, sideEffects: false } : undefined;
    });
  },
};

export interface Compiled {
  readonly outputFiles: OutputFile[];
  readonly metafile: Metafile;
}

/** The script host and its worker, as CommonJS like the rest of dist/. */
export async function compilePrograms(): Promise<Compiled> {
  return await build({
    ...NODE,
    absWorkingDir: ROOT,
    entryPoints: PROGRAMS,
    outdir: 'dist',
    write: false,
    metafile: true,
    bundle: true,
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    define: { 'import.meta.url': 'importMetaUrl' },
    plugins: [pureModules],
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
  });
}

/** One run of esbuild over all entries: a module that several of them reach is in one chunk. */
export function compile(): Promise<Compiled> {
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
    plugins: [lateChildProcess, pureModules],
    logLevel: 'warning',
  });
}

/** Every module that is in something published. */
export async function compiledInputs(): Promise<Pick<Metafile, 'inputs'>> {
  const all = await Promise.all([compile(), compilePrograms()]);
  return { inputs: Object.assign({}, ...all.map(({ metafile }) => metafile.inputs)) };
}
