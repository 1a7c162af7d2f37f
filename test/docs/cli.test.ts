import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { renderReference } from '../../scripts/cli-reference.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { document, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = new URL('../../', import.meta.url);
const text = await readFile(new URL('docs/cli.md', ROOT), 'utf8');

/** Maps whose keys are data. */
const MAPS = new Set(['levels', 'fields', 'targets']);

/** The keys of a document, as nested objects; arrays by their first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value).map(([key, member]) => [
    key,
    MAPS.has(key) ? null : shapeOf(member),
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

describe('docs/cli.md', () => {
  it('holds what the commands say of themselves (npx tsx scripts/generate-cli-docs.ts)', async () => {
    expect(await renderReference(text)).toBe(text);
  });

  it('shows the documents that the commands print', async () => {
    const examples = [...text.matchAll(/<!-- json: (.+) -->\n+```json\n([\s\S]*?)```/g)];
    expect(examples.length).toBeGreaterThan(10);
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('0.169.0')],
    });
    const around = { dir: await tempDir(), env: github.env };
    // The lockfile is there before the documents that depend on it, the package goes last.
    const order = (line: string) => (/^uninstall/.test(line) ? 2 : /^pin \d/.test(line) ? 0 : 1);
    examples.sort(([, a = ''], [, b = '']) => order(a) - order(b));
    for (const [, line = '', sample = ''] of examples) {
      const run = await runCli([...line.split(' '), '--json'], around);
      expect(run.status, line).toBe(0);
      expect(shapeOf(document(run)), line).toEqual(shapeOf(JSON.parse(sample)));
    }
  });

  it('names every variable that is read', async () => {
    const files = (await readdir(new URL('src/', ROOT), { recursive: true })).filter((name) =>
      name.endsWith('.ts'),
    );
    const read = new Set<string>();
    for (const file of files) {
      const source = await readFile(new URL(`src/${file}`, ROOT), 'utf8');
      for (const [, name = ''] of source.matchAll(/\benv\['(\w+)'\]|'(?=CODEX_\w+_VERSION')/g)) {
        read.add(name);
      }
    }
    // Set for Node's own thread pool, and told by npm about itself: neither is the user's to set.
    for (const own of ['', 'UV_THREADPOOL_SIZE', 'npm_execpath']) read.delete(own);
    expect(read.size).toBeGreaterThan(10);
    expect([...read].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
