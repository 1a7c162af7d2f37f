import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderLibraryReference } from '../../scripts/library-reference.ts';
import * as library from '../../src/index.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { cliEnvironment } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(join(ROOT, 'docs/library.md'), 'utf8');

interface Example {
  readonly name: string;
  readonly program: string;
  /** What its comments say that it prints; `…` stands for anything. */
  readonly prints: readonly string[];
}

const examples: readonly Example[] = [
  ...page.matchAll(
    /<!-- api (\w+) -->(?:(?!<!-- api)[\s\S])*?<!-- end -->\n\n```ts\n([\s\S]*?)```/g,
  ),
].map(([, name = '', program = '']) => ({
  name,
  program,
  prints: [...program.matchAll(/^(?: *console\.log.*;|) *\/\/ (.*)$/gm)].map(
    ([, line = '']) => line,
  ),
}));

/** Runs the programs one after the other, in one process and one directory, as a reader would. */
async function runAll(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  // Inside the package, so that they can name it.
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  const programs = await mkdtemp(join(ROOT, '.cache/library-'));
  try {
    for (const { name, program } of examples)
      await writeFile(join(programs, `${name}.ts`), program);
    const steps = examples.flatMap(({ name }) => [
      `console.log('\\u0000');`,
      `await import('./${name}.ts');`,
    ]);
    await writeFile(join(programs, 'main.mts'), steps.join('\n'));
    const cwd = await tempDir();
    const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [tsx, join(programs, 'main.mts')],
      { cwd, env: { ...cliEnvironment(cwd), ...env } },
    );
    return stdout.split('\u0000\n').slice(1);
  } finally {
    await rm(programs, { recursive: true, force: true });
  }
}

/** A comment as what it has to look like. */
function pattern(line: string): RegExp {
  const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

describe('docs/library.md', () => {
  it('says what the sources say (npx tsx scripts/generate-library-docs.ts)', async () => {
    expect(await renderLibraryReference(page)).toBe(page);
  });

  it('has an example of every function, that uses it', () => {
    const functions = Object.entries(library).flatMap(([name, value]) =>
      typeof value === 'function' && /^[a-z]/.test(name) ? [name] : [],
    );
    expect(examples.map(({ name }) => name).sort()).toEqual(functions.sort());
    for (const { name, program } of examples) expect(program).toMatch(new RegExp(`\\b${name}\\(`));
  });

  it('has examples that print what they say', { timeout: 180_000 }, async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('0.115.0')],
    });
    const outputs = await runAll(github.env);
    expect(outputs).toHaveLength(examples.length);
    const printed = examples.map(({ name }, index) => [
      name,
      ...(outputs[index] ?? '').trimEnd().split('\n'),
    ]);
    expect(examples.filter(({ prints }) => prints.length === 0)).toEqual([]);
    expect(printed).toEqual(
      examples.map(({ name, prints }) => [
        name,
        ...prints.map((line) => expect.stringMatching(pattern(line))),
      ]),
    );
  });
});
