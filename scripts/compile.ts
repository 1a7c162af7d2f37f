import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type OnResolveArgs, type OutputFile, type Plugin } from 'esbuild';
import { partName, startEntry } from './start-entry.ts';
import { START_MODULES } from './start-modules.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const NODE = { platform: 'node', target: 'node20.19' } as const;
/** Node shows the whole line that threw an error which nobody caught, so lines are kept short. */
export const MINIFY = { minifySyntax: true, minifyWhitespace: true, lineLimit: 200 } as const;

/** The library's files, by their place in dist/, and the modules that they begin with. */
const ENTRIES = {
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

const BUNDLE = {
  ...NODE,
  absWorkingDir: ROOT,
  write: false,
  metafile: true,
  bundle: true,
  format: 'esm',
  // minipass-fetch takes it for text in foreign encodings, where it is there: 0.5 MB for nobody.
  external: ['iconv-lite'] as string[],
  logLevel: 'warning',
} as const;

const SOURCES = join(ROOT, 'src/');

/**
 * A module of ours does nothing when it is loaded but define what it exports. esbuild may then take
 * one name from a room's index without the files behind the other names.
 */
const pureModules: Plugin = {
  name: 'pure-modules',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, (asked) => {
      const module = ownModule(asked);
      return module === null ? undefined : { path: join(ROOT, module), sideEffects: false };
    });
  },
};

/** Leaves what lies in start.js to it, where the other files are made. */
const withoutStart: Plugin = {
  name: 'without-start',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, (asked) => {
      const module = ownModule(asked);
      return module !== null && START_MODULES.includes(module) ? partOf(module) : undefined;
    });
  },
};

/** Takes nothing else into start.js. An index has no code: whoever imports it takes what it names. */
const startAlone = (elsewhere: Set<string>): Plugin => ({
  name: 'start-alone',
  setup({ onResolve }) {
    onResolve({ filter: /^[^/]/ }, (asked) => {
      if (asked.kind === 'entry-point' || asked.path.startsWith('node:')) return undefined;
      const module = ownModule(asked) ?? asked.path;
      const isStart = START_MODULES.includes(module);
      if (asked.kind !== 'dynamic-import' && (isStart || module.endsWith('/index.ts'))) {
        return { path: join(ROOT, module), sideEffects: false };
      }
      if (!isStart) elsewhere.add(module);
      return partOf(module);
    });
  },
});

/** `src/...` of what is imported; null for a package. */
function ownModule({ path, resolveDir }: OnResolveArgs): string | null {
  const module = resolve(resolveDir, path);
  return path.startsWith('.') && module.startsWith(SOURCES)
    ? relative(ROOT, module).replaceAll('\\', '/')
    : null;
}

/** Imported by its name among the chunks, as late as it is used. */
function partOf(module: string) {
  return { path: `./${partName(module)}.js`, external: true, sideEffects: false };
}

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
    ...MINIFY,
    format: 'cjs',
    define: { 'import.meta.url': 'importMetaUrl' },
    plugins: [pureModules],
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
  });
}

export interface CompiledChunks extends Compiled {
  /** The text of start.js, an ES module that fills `chunks`. */
  readonly start: string;
  /** The chunks that start.js takes something from once it is needed. */
  readonly late: readonly string[];
}

/**
 * The chunks, and start.js apart from them. start.js is one scope: nothing in it is looked up by
 * name, and nothing is wrapped. What it may need later are entries of the other chunks, which
 * esbuild splits so that a module that several entries reach is in one chunk.
 */
export async function compile(): Promise<CompiledChunks> {
  const everything = START_MODULES.map((module, at) => `export * as m${at} from './${module}';`);
  const { text, elsewhere } = await compileStart(everything.join('\n'));
  const later = elsewhere.filter((module) => text.includes(`"./${partName(module)}.js"`));
  const lateEntries = later.map((module) => [`chunks/${partName(module)}`, module]);
  const { outputFiles, metafile } = await build({
    ...BUNDLE,
    entryPoints: { ...ENTRIES, ...Object.fromEntries(lateEntries) },
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    plugins: [lateChildProcess, withoutStart, pureModules],
  });
  const late = later.map(partName).filter((part) => text.includes(`from "./${part}.js"`));
  const texts = [text, ...outputFiles.map((file) => file.text)];
  const start = await compileStart(startEntry(texts));
  const inputs = { ...metafile.inputs, ...start.metafile.inputs };
  return { outputFiles, metafile: { ...metafile, inputs }, start: start.text, late };
}

async function compileStart(contents: string) {
  const elsewhere = new Set<string>();
  const { outputFiles, metafile } = await build({
    ...BUNDLE,
    stdin: { contents, resolveDir: ROOT, sourcefile: 'start.ts' },
    plugins: [startAlone(elsewhere)],
  });
  const text = outputFiles[0]?.text ?? '';
  return { text, metafile, elsewhere: [...elsewhere] };
}

/** Every module that is in something published. */
export async function compiledInputs(): Promise<Pick<Metafile, 'inputs'>> {
  const all = await Promise.all([compile(), compilePrograms()]);
  return { inputs: Object.assign({}, ...all.map(({ metafile }) => metafile.inputs)) };
}
