/**
 * Bundles the command line into two CommonJS files, which Node starts fastest (`npm run bench`, row
 * "nothing to do"): as some eighty small ES modules such a run took twice the time of `node -e 0`.
 * `main.cjs` is what an installation needs when the store has everything; `rest.cjs` is read when
 * something is fetched, packed or looked into. The library stays ES modules, one file each.
 */
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where `main.cjs` begins: with these comes what they import, except by `import()`. */
const FIRST = [
  'src/cli/main.ts',
  'src/cli/commands/install.ts',
  'src/cli/commands/which.ts',
  'src/cli/commands/exec.ts',
  'src/stage/index.ts',
  'src/install/node.ts',
];

/** Needed by some runs only, and long to read: files of their own beside the command line. */
const APART = ['octokit', 'tar', 'yauzl', 'cli-progress', 'proper-lockfile', 'cmd-shim'];

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
    const filter = new RegExp(`^(${APART.join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path: `./apart/${path}.cjs`, external: true }));
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

/** Takes `modules` from the bundle beside this one, so that each exists once in a run. */
function takenFrom(bundle: string, modules: ReadonlySet<string>): Plugin {
  return {
    name: `taken-from-${bundle}`,
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^\.\/(main|rest)\.cjs$/ }, ({ path }) => ({ path, external: true }));
      onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === ASKED) return undefined;
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: ASKED });
        const module = found.path.slice(ROOT.length).replaceAll('\\', '/');
        if (!modules.has(module)) return undefined;
        // Under its own name it would be taken for the ES module that it is there.
        return { path: `${module}.cjs`, namespace: 'elsewhere', pluginData: module };
      });
      onLoad({ filter: /./, namespace: 'elsewhere' }, ({ pluginData: module }) => ({
        contents: `module.exports = require('./${bundle}')('${module}');`,
        resolveDir: ROOT,
      }));
    },
  };
}

/** A bundle that exports a function from a module's path to the module, which runs on first use. */
async function bundleModules(
  bundle: string,
  modules: ReadonlySet<string>,
  { plugins, start = '' }: { readonly plugins: readonly Plugin[]; readonly start?: string },
): Promise<void> {
  const entries = [...modules].map((module) => `'${module}': () => require('./${module}')`);
  await build({
    ...shared,
    stdin: {
      contents: `const modules = { ${entries.join(', ')} };
        module.exports = (path) => modules[path]();
        ${start}`,
      resolveDir: ROOT,
    },
    // Beside where dist/cli/*.js would be: paths relative to the module lead to the same places.
    outfile: `dist/cli/${bundle}`,
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [apart, lazyChildProcess, ...plugins],
  });
}

/** What `roots` reach in `graph` over imports of `kinds`, themselves included. */
function reach(
  { inputs }: Metafile,
  roots: readonly string[],
  isFollowed: (kind: string) => boolean,
): ReadonlySet<string> {
  const reached = new Set(roots);
  for (const module of reached) {
    for (const { path, kind, external } of inputs[module]?.imports ?? []) {
      if (external !== true && path in inputs && isFollowed(kind)) reached.add(path);
    }
  }
  return reached;
}

await build({
  ...shared,
  entryPoints: APART.map((name) => ({ in: name, out: name })),
  outdir: 'dist/cli/apart',
  outExtension: { '.js': '.cjs' },
});

const { metafile: graph } = await build({
  ...shared,
  supported: {},
  entryPoints: ['src/cli/main.ts'],
  write: false,
  metafile: true,
  plugins: [apart],
});
const all = reach(graph, ['src/cli/main.ts'], () => true);
const first = reach(graph, FIRST, (kind) => kind !== 'dynamic-import');
const rest = new Set([...all].filter((module) => !first.has(module)));

await bundleModules('main.cjs', first, {
  plugins: [takenFrom('rest.cjs', rest)],
  start: "require('./src/cli/main.ts');",
});
await bundleModules('rest.cjs', rest, { plugins: [takenFrom('main.cjs', first)] });
