/**
 * Bundles the command line into a few CommonJS files, which Node starts fastest (`npm run bench`,
 * row "nothing to do"): as some eighty small ES modules such a run took twice the time of
 * `node -e 0`, and as one file V8 read three times as much as it needed. A module is in exactly one
 * of them. The library stays ES modules, one file each.
 */
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { computedImports } from './computed-imports.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Bundle {
  readonly file: string;
  /** What else it begins with; what these import comes along, except by `import()`. */
  readonly roots: readonly string[];
}

/** In the order in which a run needs them; a module belongs to the first that reaches it. */
const BUNDLES: readonly Bundle[] = [
  // Everything for an installation when the store has the runtime.
  {
    file: 'main.cjs',
    roots: [
      'src/cli/main.ts',
      'src/cli/commands/install.ts',
      'src/cli/commands/which.ts',
      'src/cli/commands/exec.ts',
      'src/stage/index.ts',
      'src/install/node.ts',
    ],
  },
  {
    file: 'provision.cjs',
    roots: ['src/provision.ts', 'src/resolve/index.ts', 'src/install/verify-prefix.ts'],
  },
  { file: 'rest.cjs', roots: [] },
];

/** Needed by some runs only, and long to read: files of their own beside the command line. */
const APART: Readonly<Record<string, string>> = {
  octokit: 'octokit',
  tar: 'tar',
  yauzl: 'yauzl',
  'cli-progress': 'cli-progress',
  'cmd-shim': 'cmd-shim',
  socks: 'socks',
  'npm-registry-fetch/lib/auth.js': 'npm-auth',
  ssri: 'ssri',
};

const shared: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  // They bring data files, or modules of their own by the hundred: Node resolves them as they are.
  external: ['@npmcli/*', 'npm-registry-fetch', '@sigstore/*', 'undici'],
  minifySyntax: true,
  minifyWhitespace: true,
  // As require: import() of CommonJS reads each file once more to guess the names that it exports.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'importMetaUrl' },
  logLevel: 'warning',
};

const apart: Plugin = {
  name: 'apart',
  setup({ onResolve }) {
    const filter = new RegExp(`^(${Object.keys(APART).join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path: `./apart/${APART[path]}.cjs`, external: true }));
  },
};

/** The one module whose `import()` has to stay one: what it loads is an ES module of somebody else's. */
const IMPORTING = 'src/app-server/import-module.ts';

const importing: Plugin = {
  name: 'importing',
  setup({ onResolve }) {
    onResolve({ filter: /\/import-module\.ts$/ }, () => ({
      path: './apart/import-module.cjs',
      external: true,
    }));
  },
};

/** commander runs child programs for subcommands that are files; ours are not, and loading costs 3 ms. */
const lazyChildProcess: Plugin = {
  name: 'lazy-child-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      importer.includes('commander') ? { path, namespace: 'lazy' } : { path, external: true },
    );
    onLoad({ filter: /./, namespace: 'lazy' }, () => ({
      contents: `module.exports = {
        spawn: (...words) => process.getBuiltinModule('node:child_process').spawn(...words),
      };`,
    }));
  },
};

const ASKED = Symbol('asked');

/** Takes every module that belongs to another bundle from there, so that it exists once in a run. */
function takesFromOthers(own: string, owners: ReadonlyMap<string, string>): Plugin {
  return {
    name: `other-bundles-of-${own}`,
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^bundle:/ }, ({ path }) => ({
        path: path.replace('bundle:', './'),
        external: true,
      }));
      onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === ASKED) return undefined;
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: ASKED });
        const module = found.path.slice(ROOT.length).replaceAll('\\', '/');
        const owner = owners.get(module);
        if (owner === undefined || owner === own) return undefined;
        // Under its own name it would be taken for the ES module that it is there.
        return { path: `${module}.cjs`, namespace: 'elsewhere', pluginData: { owner, module } };
      });
      onLoad({ filter: /./, namespace: 'elsewhere' }, ({ pluginData: { owner, module } }) => ({
        contents: `module.exports = require('bundle:${owner}')('${module}');`,
        resolveDir: ROOT,
      }));
    },
  };
}

/** A file that exports a function from a module's path to the module, which runs on first use. */
async function writeBundle(file: string, owners: ReadonlyMap<string, string>): Promise<void> {
  const own = [...owners].filter(([, owner]) => owner === file).map(([module]) => module);
  const entries = own.map((module) => `'${module}': () => require('./${module}')`);
  const start = file === 'main.cjs' ? "require('./src/cli/main.ts');" : '';
  await build({
    ...shared,
    stdin: {
      contents: `const modules = { ${entries.join(', ')} };
        module.exports = (path) => modules[path]();
        ${start}`,
      resolveDir: ROOT,
    },
    // Beside where dist/cli/*.js would be: paths relative to the module lead to the same places.
    outfile: `dist/cli/${file}`,
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [apart, importing, lazyChildProcess, takesFromOthers(file, owners)],
  });
}

/** Which bundle each of the modules of `graph` belongs to. */
function assign({ inputs }: Metafile): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const { file, roots } of BUNDLES) {
    const reached = new Set(roots.length === 0 ? Object.keys(inputs) : roots);
    for (const module of reached) {
      if (owners.has(module)) continue;
      owners.set(module, file);
      for (const { path, kind } of inputs[module]?.imports ?? []) {
        if (path in inputs && kind !== 'dynamic-import') reached.add(path);
      }
    }
  }
  return owners;
}

await build({
  ...shared,
  define: {},
  entryPoints: Object.entries(APART).map(([name, out]) => ({ in: name, out })),
  outdir: 'dist/cli/apart',
  outExtension: { '.js': '.cjs' },
  external: [],
});
await build({
  ...shared,
  supported: {},
  entryPoints: [IMPORTING],
  outfile: 'dist/cli/apart/import-module.cjs',
});
const { metafile, outputFiles } = await build({
  ...shared,
  supported: {},
  entryPoints: ['src/cli/main.ts'],
  write: false,
  metafile: true,
  plugins: [apart, importing],
});
const computed = outputFiles.flatMap(({ text }) => computedImports(text));
if (computed.length > 0) {
  throw new Error(
    `import() of what is computed becomes require(): ${computed.join(', ')}. See ${IMPORTING}.`,
  );
}
const owners = assign(metafile);
for (const { file } of BUNDLES) await writeBundle(file, owners);
