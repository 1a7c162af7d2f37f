/**
 * Writes docs/managers.md: with `vitest run test/managers -u` as it is now; else it has to be so already.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { alignedTable } from '../../scripts/aligned-table.ts';
import { startDatedRegistry } from '../support/dated-registry.ts';
import {
  type ManagerPolicy,
  type ManagerProject,
  managerProject,
} from '../support/manager-project.ts';
import { MANAGERS, type ManagerName } from '../support/managers.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Layouts, packLayouts } from './layouts.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAMES = Object.keys(MANAGERS) as ManagerName[];
/** What an organisation asks, and how old a young package is. */
const POLICY = { minDays: 3 };
const YOUNG = 1;
const OLD = 30;
const PLATFORM = 'codex-cli-bin-linux-x64';

/** By row, then by manager. */
const installLines = new Map<string, Map<ManagerName, string>>();
const ages = new Map<string, Map<ManagerName, string>>();

let tool: { readonly path: string; readonly bytes: Buffer };

beforeAll(async () => {
  const dir = join(inject('runDir'), 'tool');
  await mkdir(dir, { recursive: true });
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', dir], { cwd: ROOT });
  const [file = ''] = await readdir(dir);
  tool = { path: join(dir, file), bytes: await readFile(join(dir, file)) };
});

function note(table: typeof ages, row: string, manager: ManagerName, cell: string): void {
  const cells = table.get(row) ?? new Map<ManagerName, string>();
  table.set(row, cells.set(manager, cell));
}

describe.each(NAMES)('%s', { timeout: 240_000 }, (manager) => {
  it('installs this package from a tarball and from a registry, without scripts', async () => {
    await using registry = await startDatedRegistry([{ tarball: tool.bytes, ageDays: OLD }]);
    // Yarn wants the name before the file.
    const tarball = `${manager === 'yarn 4' ? 'codex-runtime@' : ''}file:${tool.path}`;
    const rows = [
      ['`npm install ./codex-runtime-0.1.0.tgz`', tarball],
      ['`npm install codex-runtime`, `npx codex-runtime`', 'codex-runtime'],
    ] as const;
    for (const [row, spec] of rows) {
      // deno takes packages of registries alone.
      if (manager === 'deno 2.9' && spec !== 'codex-runtime') continue;
      const project = await managerProject(manager, registry.url, POLICY);
      const { status, stdout, stderr } = await project.add(spec);
      expect(status, `${stdout}${stderr}`).toBe(0);
      const started = await project.exec('codex-runtime', '--version');
      expect(started.stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
      note(installLines, row, manager, spec.includes('@') ? '`codex-runtime@file:…`' : 'works');
    }
  });

  it('refuses this package when it is a day old, by its exact version too', async () => {
    await using registry = await startDatedRegistry([{ tarball: tool.bytes, ageDays: YOUNG }]);
    const project = await managerProject(manager, registry.url, POLICY);
    const { status } = await project.add('codex-runtime@0.1.0');
    const isTaken = await project.has('codex-runtime');
    expect(isTaken).toBe(status === 0);
    expect(isTaken).toBe(!hasPolicy(manager));
    const row = '`npm install codex-runtime@0.1.0`, a day old';
    note(installLines, row, manager, isTaken ? 'works' : 'refused');
  });

  it('installs the packages of a release, or the root alone', async () => {
    const layouts = await packLayouts();
    const names = layouts.packageNames;
    const root = ['codex-cli-bin'];
    const pattern = ['codex-cli-bin', 'codex-cli-bin-*'];
    const cases: readonly Case[] = [
      { row: 'nothing is exempt', exempt: [], layout: 'names' },
      { row: '`codex-cli-bin` is exempt', exempt: root, layout: 'names' },
      {
        row: '`codex-cli-bin` and `codex-cli-bin-*` are exempt',
        exempt: pattern,
        layout: 'names',
      },
      { row: 'all seven names are exempt', exempt: names, layout: 'names' },
      {
        row: 'aliases of one name, `codex-cli-bin` is exempt',
        exempt: root,
        layout: 'aliases',
      },
    ];
    for (const each of hasPolicy(manager) ? cases : cases.slice(0, 1)) {
      await judge(manager, layouts, each);
    }
  });
});

/** The others take everything at once. */
function hasPolicy(manager: ManagerName): boolean {
  return manager !== 'npm 10' && manager !== 'yarn 1';
}

interface Case extends Required<Pick<ManagerPolicy, 'exempt'>> {
  readonly row: string;
  readonly layout: 'names' | 'aliases';
}

async function judge(manager: ManagerName, layouts: Layouts, { row, exempt, layout }: Case) {
  const packages = layouts[layout].map((tarball) => ({ tarball, ageDays: YOUNG }));
  await using registry = await startDatedRegistry(packages);
  const project = await managerProject(manager, registry.url, { ...POLICY, exempt });
  const { status } = await project.add('codex-cli-bin');
  if (await project.has(PLATFORM, 'codex-cli-bin')) {
    const { stdout } = await project.exec('codex', '--version');
    expect(stdout).toContain('codex-cli 0.115.0');
    note(ages, row, manager, 'whole');
    return;
  }
  note(ages, row, manager, status === 0 ? '**root alone**, status 0' : 'refused');
  if (status !== 0 || exempt.length > 1) return;
  // The launcher says what is the matter, in one line.
  const { status: started, stderr } = await project.exec('codex', '--version');
  expect(started).not.toBe(0);
  expect(stderr).toMatch(new RegExp(`codex: ${PLATFORM} is not installed.*minimum release age`));
  const then = (what: string, act: () => Promise<{ readonly status: number }>) =>
    later(project, registry, act).then((cell) => note(ages, what, manager, cell));
  await then('then, when it is old enough: install from the lockfile alone', () =>
    project.frozen(),
  );
  await then('then: install', () => project.install());
  await then('then: delete `node_modules` and the lockfile, and install', async () => {
    for (const name of ['node_modules', 'package-lock.json', 'bun.lock']) {
      await rm(join(project.dir, name), { recursive: true, force: true });
    }
    return project.install();
  });
}

async function later(
  project: ManagerProject,
  registry: { grow(days: number): void },
  act: () => Promise<{ readonly status: number }>,
): Promise<string> {
  registry.grow(OLD);
  // Bun keeps a package's document, with the dates in it, for some minutes: here they have changed.
  await rm(join(project.dir, '../bun-cache'), { recursive: true, force: true });
  const { status } = await act();
  if (await project.has(PLATFORM, 'codex-cli-bin')) return 'whole';
  return status === 0 ? 'still the root alone, status 0' : 'fails';
}

it('npm takes a git repository of this machine, which npm 12 has to be told', async () => {
  const repository = await tempDir();
  const files = {
    'package.json': JSON.stringify({
      name: 'built',
      version: '1.0.0',
      bin: 'cli.js',
      files: ['cli.js'],
      scripts: { prepare: 'cp source.txt cli.js' },
    }),
    'source.txt': '#!/usr/bin/env node\nconsole.log("built");\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(repository, name), text);
  const git = ['-c', 'user.name=a', '-c', 'user.email=a@localhost'];
  for (const words of [
    ['init', '-q'],
    ['add', '.'],
    ['commit', '-q', '-m', 'one'],
  ]) {
    await run('git', [...git, ...words], { cwd: repository });
  }
  await using registry = await startDatedRegistry([]);
  const row = '`npm install git+file:///path/to/clone`, with scripts';
  for (const manager of ['npm 10', 'npm 11', 'npm 12'] as const) {
    const project = await managerProject(manager, registry.url);
    const line = ['install', `git+file://${repository}`, '--ignore-scripts=false'];
    const plain = await project.run(...line);
    if (plain.status !== 0) {
      expect(plain.stderr).toContain('EALLOWGIT');
      expect(await project.run(...line, '--allow-git=root')).toMatchObject({ status: 0 });
    }
    expect((await project.exec('built')).stdout).toContain('built');
    note(installLines, row, manager, plain.status === 0 ? 'works' : 'with `--allow-git=root`');
  }
});

it('docs/managers.md says so', async () => {
  await expect(page()).toMatchFileSnapshot(join(ROOT, 'docs/managers.md'));
});

function page(): string {
  const table = (rows: typeof ages) =>
    alignedTable([
      ['', ...NAMES],
      ...[...rows].map(([row, cells]) => [row, ...NAMES.map((name) => cells.get(name) ?? '–')]),
    ]);
  const versions = NAMES.map((name) => `${name} is ${MANAGERS[name].version}`).join(', ');
  return `# Package managers

A test writes these tables (\`npx vitest run test/managers -u\`): each manager, from npm, in a project of its own, against a registry on loopback that says when a version was published. Install scripts are off everywhere, and packages have to be three days old.

Here ${versions}.

## Install this package

The lines are npm's; the other managers run their own word for it (\`pnpm add\`, \`yarn add\`, \`bun add\`, \`deno add npm:…\`).

${table(installLines)}

codex-runtime has neither dependencies nor install scripts, so that nothing is missing where scripts are off.

## Packages that \`publish\` puts out, under a release age

\`codex-cli-bin\` takes its platform package as an optional dependency. Where all of them are a day old:

${table(ages)}

The last three lines are about what was left alone. **Exempt all seven names**, or none:

\`\`\`ini
# .npmrc
min-release-age-exclude[]=codex-cli-bin
min-release-age-exclude[]=codex-cli-bin-*
\`\`\`

\`\`\`yaml
# pnpm-workspace.yaml
minimumReleaseAgeExclude: [codex-cli-bin, codex-cli-bin-*]
\`\`\`

\`\`\`yaml
# .yarnrc.yml
npmPreapprovedPackages: [codex-cli-bin, codex-cli-bin-*]
\`\`\`

\`\`\`toml
# bunfig.toml: Bun knows no patterns
[install]
minimumReleaseAgeExcludes = [
${SEVEN.map((name) => `  "${name}",`).join('\n')}
]
\`\`\`

\`\`\`json
{
  "minimumDependencyAge": { "age": "P3D", "exclude": ["npm:codex-cli-bin", "npm:codex-cli-bin-*"] }
}
\`\`\`

The last one is \`deno.json\`. With a name of your own (\`pack --name @org/codex\`) the pattern is \`@org/codex*\`. \`codex-runtime wait VERSION --min-release-age 3d\` waits until Codex's own release is old enough; how old your packages are, the registry counts from your own publishing on.

The platforms keep names of their own. Aliases of one name (\`codex-cli-bin@0.115.0-linux-x64\`) would need one exemption, and that is all that they would change here: a root that is old enough beside a platform package that is not is left alone in the same way. [Releasing](releasing.md#npm-names-of-their-own-for-the-platforms) has the other reasons.
`;
}

const SEVEN = [
  'codex-cli-bin',
  ...['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-arm64', 'win32-x64'].map(
    (tag) => `codex-cli-bin-${tag}`,
  ),
];
