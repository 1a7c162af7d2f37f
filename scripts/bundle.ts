/**
 * Bundles what is published: dist/ runs without node_modules. The chunks become CommonJS, which Node
 * starts faster than ES modules, and which `import` and `require()` both take. What a run with
 * nothing to do needs lies in one file, start.js, and only that; the chunks that put a stored runtime
 * to use in a second, the other chunks of our own in a third, and those of packages in one each.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { bundledPackages } from './bundled-packages.ts';
import { compile, compilePrograms, MINIFY, NODE, ROOT } from './compile.ts';
import { importChunks, loadLate } from './load-late.ts';
import { nameClasses } from './name-classes.ts';
import { packageSbom } from './package-sbom.ts';

/** What a run needs more where its runtime lies in the store, or its words are for commander. */
const STORED = [
  'src/cli/commands/which.ts',
  'src/cli/commands/exec.ts',
  'src/cli/program.ts',
  'src/cli/usage-error.ts',
  'src/package/stage/index.ts',
  'src/place/npm-prefix/node.ts',
];

const EXPORTED = /^0 && \(module\.exports = \{[^}]*\}\);$/m;

const { outputFiles, metafile, start, late } = await compile();
const programs = await compilePrograms();
const { outputs } = metafile;
const hashes = [start, ...outputFiles.map(({ hash }) => hash)].join();
const buildId = createHash('sha256').update(hashes).digest('hex').slice(0, 16);
const stored = reachedFrom(STORED, late);
const packs = { stored: '', rest: '' };
const files: Record<string, keyof typeof packs> = {};

await rm(join(ROOT, 'dist'), { recursive: true, force: true });
for (const file of outputFiles) {
  const output = relative(ROOT, file.path).replaceAll('\\', '/');
  const name = basename(output, '.js');
  const code = await toCommonJs(output, file.text);
  const pack = packOf(output);
  if (!output.startsWith('dist/chunks/')) {
    await writeScript(output, code);
  } else if (pack === null) {
    await writeScript(output, `${code}\nmodule.exports.build = '${buildId}';`);
  } else {
    // In parentheses, which tell V8 that it will be called: to parse it once is enough.
    packs[pack] += `'${name}': (function (module) {${code}}),\n`;
    files[name] = pack;
  }
}
const loader = await readFile(join(ROOT, 'scripts/chunk-loader.cjs'), 'utf8');
await write(
  'dist/chunks/start.js',
  `${loader.replace('BUILD_ID', buildId)}
  const files = ${JSON.stringify(files)}, chunks = {};
  (function () {${await toCommonJs('dist/chunks/start.js', start)}})();`,
);
for (const pack of ['stored', 'rest'] as const) {
  const chunks = `module.exports = { build: '${buildId}', chunks: {${packs[pack]}} };`;
  await writeScript(`dist/chunks/${pack}.js`, chunks);
}
await writeFile(join(ROOT, 'dist/package.json'), '{"type":"commonjs"}\n');
for (const { path, contents } of programs.outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}
await copyFile(
  fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm')),
  join(ROOT, 'dist/code-mode/quickjs.wasm'),
);
const inputs = { ...metafile.inputs, ...programs.metafile.inputs };
const sbom = await packageSbom(ROOT, await bundledPackages(ROOT, { inputs }));
await writeFile(join(ROOT, 'dist/sbom.cdx.json'), sbom);

/** These chunks and the ones of these modules, with all that they import at once. */
function reachedFrom(modules: readonly string[], parts: readonly string[]): ReadonlySet<string> {
  const isRoot = (output: string) =>
    modules.includes(outputs[output]?.entryPoint ?? '') || parts.includes(basename(output, '.js'));
  const reached = new Set(Object.keys(outputs).filter(isRoot));
  for (const output of reached) {
    for (const { path, kind } of outputs[output]?.imports ?? []) {
      if (path in outputs && kind !== 'dynamic-import') reached.add(path);
    }
  }
  return reached;
}

/** The file that a chunk shares with others; null where it has one of its own. */
function packOf(output: string): keyof typeof packs | null {
  if (stored.has(output)) return 'stored';
  return isOwn(output) ? 'rest' : null;
}

/** Whether a chunk has modules of ours, or stands for one that lies in others. */
function isOwn(output: string): boolean {
  const { entryPoint = '', inputs = {} } = outputs[output] ?? {};
  return [entryPoint, ...Object.keys(inputs)].some((module) => module.startsWith('src/'));
}

async function toCommonJs(output: string, text: string): Promise<string> {
  const { code } = await transform(importChunks(text), {
    ...NODE,
    format: 'cjs',
    define: { 'import.meta.url': 'importMetaUrl' },
  });
  // What lies beside src/ lies beside dist/: as far up from a chunk as from a source.
  const url = `require('node:url').pathToFileURL(__dirname + '/${toChunks(output)}/any.js').href`;
  const location = code.includes('importMetaUrl') ? `const importMetaUrl = ${url};\n` : '';
  return location + loadLate(code);
}

function toChunks(output: string): string {
  return `./${relative(dirname(output), 'dist/chunks').replaceAll('\\', '/')}`;
}

/** Writes a file that asks start.js for the chunks it needs. */
function writeScript(output: string, text: string): Promise<void> {
  const loader = `const { loadChunk, importChunk, loadOnce } = require('${toChunks(output)}/start.js')('${buildId}');`;
  return write(output, `${loader}\n${text}`);
}

async function write(output: string, text: string): Promise<void> {
  const { code } = await transform(text, { ...NODE, ...MINIFY });
  // For Node, which finds the names that `import` may ask for in text; dead code, so minified away.
  const exported = output.startsWith('dist/chunks/') ? '' : (EXPORTED.exec(text)?.[0] ?? '');
  await mkdir(join(ROOT, dirname(output)), { recursive: true });
  await writeFile(join(ROOT, output), nameClasses(code) + exported);
}
