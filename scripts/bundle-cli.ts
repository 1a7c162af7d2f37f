/**
 * Bundles the command line into one CommonJS file, which Node starts fastest: resolving and linking
 * the eighty small ES modules of a run that finds nothing to do takes as long as Node itself
 * (`npm run bench`, row "nothing to do"). The library stays ES modules, one file each.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

await build({
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  entryPoints: ['src/cli/main.ts'],
  // Beside where dist/cli/*.js would be: paths relative to the module lead to the same places.
  outfile: 'dist/cli/main.cjs',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  // Loaded by few commands; they bring data files, or modules of their own by the hundred.
  external: ['@npmcli/*', 'npm-registry-fetch', 'sigstore', '@sigstore/*', 'undici'],
  minifySyntax: true,
  minifyWhitespace: true,
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
});
