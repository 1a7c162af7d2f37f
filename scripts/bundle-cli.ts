/**
 * Bundles the command line into one CommonJS file, which Node starts fastest: as some eighty small
 * ES modules a run that finds nothing to do took twice the time of `node -e 0`, so 1.5 times
 * (`npm run bench`, row "nothing to do"). The library stays ES modules, one file each.
 */
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

/** Needed by some runs only, and long to read: files of their own beside the command line. */
const APART = ['octokit', 'tar', 'yauzl', 'cli-progress', 'proper-lockfile', 'cmd-shim'];

const shared: BuildOptions = {
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
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
  logLevel: 'warning',
};

await build({
  ...shared,
  entryPoints: APART.map((name) => ({ in: name, out: name })),
  outdir: 'dist/cli/apart',
  outExtension: { '.js': '.cjs' },
});
/** commander runs child programs for subcommands that are files; ours are not, and loading costs 3 ms. */
const lazyChildProcess = `module.exports = {
  spawn: (...words) => process.getBuiltinModule('node:child_process').spawn(...words),
};`;

await build({
  ...shared,
  entryPoints: ['src/cli/main.ts'],
  // Beside where dist/cli/*.js would be: paths relative to the module lead to the same places.
  outfile: 'dist/cli/main.cjs',
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [
    {
      name: 'apart',
      setup({ onResolve, onLoad }) {
        const filter = new RegExp(`^(${APART.join('|')})$`);
        onResolve({ filter }, ({ path }) => ({ path: `./apart/${path}.cjs`, external: true }));
        onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
          importer.includes('commander') ? { path, namespace: 'lazy' } : { path, external: true },
        );
        onLoad({ filter: /./, namespace: 'lazy' }, () => ({ contents: lazyChildProcess }));
      },
    },
  ],
});
