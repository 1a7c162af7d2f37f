/**
 * Bundles what is published: dist/ runs without node_modules. The chunks become CommonJS, which Node
 * starts faster than ES modules, and which `import` and `require()` both take. Reading a file takes
 * longer than compiling what is used of it, so the chunks that a run with nothing to do needs lie in
 * one file, the other chunks of our own in a second, and those of packages in one each.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputFile, transform } from 'esbuild';
import { bundledPackages } from './bundled-packages.ts';
import { compile, compilePrograms, NODE, ROOT } from './compile.ts';
import { importChunks, loadLate } from './load-late.ts';
import { packageSbom } from './package-sbom.ts';

/** What a run begins with that finds its runtime in the store. */
const START = [
  'src/cli/main.ts',
  'src/cli/commands/install.ts',
  'src/cli/commands/which.ts',
  'src/cli/commands/exec.ts',
  'src/stage/index.ts',
  'src/install/node.ts',
];

const EXPORTED = /^0 && \(module\.exports = \{[^}]*\}\);$/m;

const { outputFiles, metafile } = await compile();
const programs = await compilePrograms();
const { outputs } = metafile;
const hashes = outputFiles.map(({ hash }) => hash).join();
const buildId = createHash('sha256').update(hashes).digest('hex').slice(0, 16);
const start = reachedFrom(START);
const packs = { start: '', rest: '' };
const files: Record<string, keyof typeof packs> = {};

await rm(join(ROOT, 'dist'), { recursive: true, force: true });
for (const file of outputFiles) {
  const output = relative(ROOT, file.path).replaceAll('\\', '/');
  const name = basename(output, '.js');
  const code = await toCommonJs(output, file);
  const pack = start.has(output) ? 'start' : isOwn(output) ? 'rest' : null;
  if (!output.startsWith('dist/chunks/')) {
    await writeScript(output, code);
  } else if (pack === null) {
    await writeScript(output, `${code}\nmodule.exports.build = '${buildId}';`);
  } else {
    packs[pack] += `'${name}'(module) {${code}},\n`;
    files[name] = pack;
  }
}
const loader = await readFile(join(ROOT, 'scripts/chunk-loader.cjs'), 'utf8');
await write(
  'dist/chunks/start.js',
  `${loader.replace('BUILD_ID', buildId)}
  const files = ${JSON.stringify(files)}, chunks = {${packs.start}};`,
);
await writeScript(
  'dist/chunks/rest.js',
  `module.exports = { build: '${buildId}', chunks: {${packs.rest}} };`,
);
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

/** The outputs of these modules, with all that they import at once. */
function reachedFrom(modules: readonly string[]): ReadonlySet<string> {
  const isRoot = (output: string) => modules.includes(outputs[output]?.entryPoint ?? '');
  const reached = new Set(Object.keys(outputs).filter(isRoot));
  for (const output of reached) {
    for (const { path, kind } of outputs[output]?.imports ?? []) {
      if (path in outputs && kind !== 'dynamic-import') reached.add(path);
    }
  }
  return reached;
}

/** Whether a chunk has modules of ours, or stands for one that lies in others. */
function isOwn(output: string): boolean {
  const { entryPoint = '', inputs = {} } = outputs[output] ?? {};
  return [entryPoint, ...Object.keys(inputs)].some((module) => module.startsWith('src/'));
}

async function toCommonJs(output: string, { text }: OutputFile): Promise<string> {
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
  const minify = { minifySyntax: true, minifyWhitespace: true };
  const { code } = await transform(text, { ...NODE, ...minify });
  // For Node, which finds the names that `import` may ask for in text; dead code, so minified away.
  const exported = output.startsWith('dist/chunks/') ? '' : (EXPORTED.exec(text)?.[0] ?? '');
  await mkdir(join(ROOT, dirname(output)), { recursive: true });
  await writeFile(join(ROOT, output), code + exported);
}
