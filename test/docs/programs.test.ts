import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = [
  'README.md',
  'docs/getting-started.md',
  'docs/api-reference.md',
  'docs/faq.md',
  'docs/library.md',
  'docs/code-mode.md',
];

async function programsOf(page: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1] ?? '');
  return blocks.filter((block) => /'codex-runtime(\/(app-server|code-mode))?'/.test(block));
}

describe('the programs in the documentation', () => {
  it('compile against the built package', async () => {
    // Inside the package, so that it can name itself.
    await mkdir(join(ROOT, '.cache'), { recursive: true });
    const dir = await mkdtemp(join(ROOT, '.cache', 'docs-'));
    try {
      const programs = (await Promise.all(PAGES.map(programsOf))).flat();
      expect(programs.length).toBeGreaterThan(7);
      for (const [index, program] of programs.entries()) {
        await writeFile(join(dir, `${index}.ts`), program);
      }
      const config = { extends: '../../tsconfig.json', include: ['*.ts'] };
      await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(config));
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      const run = promisify(execFile)(process.execPath, [tsc, '-p', dir]);
      const { stdout } = await run.catch((error: { stdout: string }) => error);
      expect(stdout).toBe('');
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
