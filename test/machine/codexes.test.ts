import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { listEverything } from '../../src/operations/list-installed.ts';
import { finding, healthyPatient } from '../support/patient.ts';
import { document, runCli } from '../support/run-cli.ts';

async function program(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '#!/bin/sh\n', { mode: 0o755 });
}

const NPM = 'node_modules/@openai/codex/bin/codex.js';

/** Where each tool keeps it below the user's home, what it is taken for, and how it goes. */
const PLACES = [
  [
    '.codex/packages/standalone/releases/0.97.0-x86_64-unknown-linux-musl/bin/codex',
    'standalone',
    '0.97.0',
    null,
  ],
  [
    '.codex/packages/app-server-daemon/releases/0.96.0-x86_64-unknown-linux-musl/bin/codex',
    'daemon',
    '0.96.0',
    'codex app-server daemon stop',
  ],
  [`.nvm/versions/node/v24.1.0/lib/${NPM}`, 'npm', '0.99.0', 'npm uninstall -g @openai/codex'],
  [`.local/share/pnpm/global/5/${NPM}`, 'pnpm', '0.99.0', 'pnpm remove -g @openai/codex'],
  [`.bun/install/global/${NPM}`, 'bun', '0.99.0', 'bun remove -g @openai/codex'],
  [`.config/yarn/global/${NPM}`, 'yarn', '0.99.0', 'yarn global remove @openai/codex'],
  [`.vite-plus/packages/${NPM}`, 'vite-plus', '0.99.0', 'vp remove -g @openai/codex'],
  ['.local/share/mise/installs/codex/0.95.0/bin/codex', 'mise', '0.95.0', 'mise uninstall codex'],
  [
    '.local/share/uv/tools/openai-codex-cli-bin/bin/codex',
    'uv',
    null,
    'uv tool uninstall openai-codex-cli-bin',
  ],
  [
    '.local/lib/python3.12/site-packages/codex_cli_bin/bin/codex',
    'python',
    null,
    'pip uninstall codex_cli_bin',
  ],
  ['.cargo/bin/codex', 'cargo', null, 'cargo uninstall codex-cli'],
] as const;

it.each(PLACES)('%s is found without being on PATH', async (place, owner, version, remove) => {
  const { dir, options } = await healthyPatient();
  const path = join(dir, place);
  await program(path);
  if (place.includes(NPM)) {
    await writeFile(join(dirname(path), '../package.json'), '{"version":"0.99.0"}');
  }
  const { codexes } = await listEverything(options);
  expect(codexes.filter((each) => each.path.startsWith(dir))).toEqual([
    expect.objectContaining({ path, owner, version, remove, onPath: false }),
  ]);
  // The daemon's copy has a check of its own.
  if (owner === 'daemon') return;
  expect((await finding(options, 'installations')).summary).toContain(path);
});

it('one that is on PATH is listed once, first, by the name that a shell finds', async () => {
  const { dir, options } = await healthyPatient();
  const place = join(dir, '.codex/packages/standalone/releases/0.97.0-x/bin/codex');
  await program(place);
  const link = join(dir, '.local/bin/codex');
  await mkdir(dirname(link), { recursive: true });
  await symlink(place, link);
  await program(join(dir, '.cargo/bin/codex'));
  const env = { ...options.env, PATH: dirname(link) };
  const { codexes } = await listEverything({ ...options, env });
  expect(codexes.filter(({ path }) => path.startsWith(dir))).toMatchObject([
    { path: link, owner: 'standalone', onPath: true, update: 'codex update' },
    { owner: 'cargo', onPath: false },
  ]);
});

it('the version of a tree that its place does not tell is read from its own file', async () => {
  const { dir, options } = await healthyPatient();
  const path = join(dir, '.local/share/uv/tools/codex-cli-bin/bin/codex');
  await program(path);
  await writeFile(join(dirname(path), '../codex-package.json'), '{"version":"0.160.0"}');
  const { codexes } = await listEverything(options);
  expect(codexes.find((each) => each.path === path)).toMatchObject({ version: '0.160.0' });
});

it('list --all shows them, for people and for programs', async () => {
  const { dir, options } = await healthyPatient();
  await program(join(dir, '.cargo/bin/codex'));
  const around = { dir, env: { ...options.env, CODEX_RUNTIME_HOME: options.home } };
  const { stdout } = await runCli(['list', '--all'], around);
  expect(stdout).toMatch(
    /On PATH and elsewhere\n.*owner +version +on PATH[\s\S]*cargo +\? +no +cargo install/,
  );
  expect(stdout).toContain('Running app-servers');
  const listed = document(await runCli(['list', '--all', '--json'], around));
  expect(listed['codexes']).toEqual(
    expect.arrayContaining([expect.objectContaining({ owner: 'cargo', onPath: false })]),
  );
  expect(listed).toHaveProperty('servers');
  expect(await runCli(['list', '--all', '--remote'], around)).toMatchObject({ status: 2 });
});
