import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  link,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { pruneStore } from '../../src/prune/index.ts';
import type { Runtime } from '../../src/store/index.ts';
import { homeLayout, workOnce } from '../../src/store/index.ts';
import { lastUsed } from '../../src/store/last-used.ts';
import { failure } from '../support/failure.ts';
import { PATIENT } from '../support/held.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const HOST = { platform: 'linux', arch: 'x64' };
const UUID = '01234567-89ab-cdef-0123-456789abcdef';
const OLD = new Date('2020-01-01T00:00:00Z');

async function surroundings() {
  const dir = await tempDir();
  return { dir, home: join(dir, 'home'), cwd: dir, env: { HOME: dir }, host: HOST };
}

/** A stored runtime that came long ago. */
async function oldRuntime(home: string, content: Parameters<typeof storedRuntime>[1] = {}) {
  const runtime = await storedRuntime(home, content);
  await utimes(join(runtime.dir, 'runtime.json'), OLD, OLD);
  return runtime;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

const bytesOf = async ({ dir, manifest }: Runtime) =>
  manifest.files.reduce(
    (sum, { size }) => sum + size,
    (await stat(join(dir, 'runtime.json'))).size,
  );

describe('pruneStore', () => {
  it('removes nothing while it cannot be told which prefixes use the store', async () => {
    const { home, env } = await surroundings();
    const old = await oldRuntime(home);
    // A note that cannot be read, by whatever account.
    await mkdir(join(home, 'prefixes/note.json'), { recursive: true });
    const error = await failure(pruneStore({ home, env }));
    expect(error).toMatchObject({ code: 'INSTALL_FAILED', fields: { errno: 'EISDIR' } });
    expect(await exists(old.dir)).toBe(true);
  });

  it('removes what was not used for a month, and says what that freed', async () => {
    const { home, env } = await surroundings();
    const old = await oldRuntime(home);
    const bytes = await bytesOf(old);
    const fresh = await storedRuntime(home, { version: '0.116.0' });
    const result = await pruneStore({ home, env });
    expect(result).toMatchObject({
      dryRun: false,
      removed: [{ version: '0.115.0', dir: old.dir, bytes }],
      kept: [{ version: '0.116.0', reasons: ['recent'] }],
      freed: bytes,
    });
    expect(await exists(old.dir)).toBe(false);
    expect(await exists(fresh.dir)).toBe(true);
    expect(await readdir(homeLayout(home).staging)).toEqual([]);
  });

  it('removes nothing in a dry run', async () => {
    const { home, env } = await surroundings();
    const old = await oldRuntime(home);
    const { staging, partial } = homeLayout(home);
    await mkdir(join(staging, `0.1.0_x86_64-unknown-linux-musl.${UUID}`));
    await mkdir(partial, { recursive: true });
    const left = join(partial, `sha256-${'0'.repeat(64)}.1-0-0`);
    await writeFile(left, '12345');
    await utimes(left, OLD, OLD);
    const result = await pruneStore({ home, env, dryRun: true });
    expect(result).toMatchObject({ dryRun: true, removed: [{ dir: old.dir }] });
    expect(result.staging).toHaveLength(1);
    expect(result.freed).toBe((await bytesOf(old)) + 5);
    expect(await exists(left)).toBe(true);
    expect(await readdir(staging)).toHaveLength(1);
    const real = await pruneStore({ home, env });
    expect(real).toEqual({ ...result, dryRun: false });
    expect(await exists(left)).toBe(false);
    expect(await readdir(staging)).toEqual([]);
  });

  it('knows a use by which and by a second prefix, and not by a preview', async () => {
    const { home, ...around } = await surroundings();
    const options = { ...around, home, version: '0.115.0' };
    const runtime = await oldRuntime(home);
    expect(await lastUsed(home, runtime)).toEqual(OLD);
    await ensureRuntime(options);
    expect(Date.now() - (await lastUsed(home, runtime)).getTime()).toBeLessThan(60_000);
    const note = join(homeLayout(home).used, (await readdir(homeLayout(home).used))[0] ?? '');
    await utimes(note, OLD, OLD);
    await installRuntime({ ...options, prefix: join(around.dir, 'one') });
    expect(Date.now() - (await lastUsed(home, runtime)).getTime()).toBeLessThan(60_000);
  });

  it('keeps what a prefix shares with the store, known or not', async () => {
    const { home, dir, env } = await surroundings();
    const runtime = await oldRuntime(home);
    await link(join(runtime.dir, 'codex-path', 'rg'), join(dir, 'rg'));
    const result = await pruneStore({ home, env, unusedForMs: 0 });
    expect(result).toMatchObject({ removed: [], kept: [{ reasons: ['linked'] }] });
    expect(await exists(runtime.dir)).toBe(true);
  });

  it('keeps the version of a known prefix that has its own copies', async () => {
    const { home, ...around } = await surroundings();
    const prefix = join(around.dir, 'prefix');
    const { runtime, package: installed } = await installRuntime({
      ...around,
      home,
      version: (await oldRuntime(home)).manifest.version,
      prefix,
    });
    for (const path of ['bin/codex', 'codex-path/rg']) {
      // As a copy between two file systems leaves it.
      const file = join(installed.dir, path);
      const bytes = await readFile(file);
      await rm(file);
      await writeFile(file, bytes);
    }
    const { kept } = await pruneStore({ ...around, home, unusedForMs: 0 });
    expect(kept).toMatchObject([{ dir: runtime.dir, reasons: ['installed'] }]);
  });

  it.runIf(process.platform === 'linux')('keeps what a process runs', async () => {
    const { home, dir, env } = await surroundings();
    const sleeper = await readFile('/bin/sleep');
    const runtime = await oldRuntime(home, { files: { 'bin/codex-code-mode-host': sleeper } });
    // The home may be reached by another name than the kernel's.
    await symlink(home, join(dir, 'other'));
    const child = spawn(join(runtime.dir, 'bin', 'codex-code-mode-host'), ['60']);
    await once(child, 'spawn');
    const policy = { home: join(dir, 'other'), env, unusedForMs: 0 };
    expect(await pruneStore(policy)).toMatchObject({
      removed: [],
      kept: [{ reasons: ['running'] }],
      processesChecked: true,
    });
    child.kill();
    await once(child, 'exit');
    expect(await pruneStore(policy)).toMatchObject({ removed: [{ version: '0.115.0' }] });
  });

  it('says where it cannot ask which processes run', async () => {
    const { home, env } = await surroundings();
    const result = await pruneStore({ home, env, host: { platform: 'darwin', arch: 'arm64' } });
    expect(result.processesChecked).toBe(false);
  });

  it('leaves a runtime and a staging directory that somebody is working on', async () => {
    const { home, env } = await surroundings();
    const runtime = await oldRuntime(home);
    const { holds, staging } = homeLayout(home);
    const name = '0.115.0_x86_64-unknown-linux-musl';
    const alive = join(staging, `${name}.${UUID}`);
    await mkdir(alive);
    const result = await workOnce({
      path: join(holds, name),
      ready: async () => undefined,
      ...PATIENT,
      work: () => pruneStore({ home, env, unusedForMs: 0 }),
    });
    expect(result).toMatchObject({ removed: [], kept: [{ reasons: ['busy'] }], staging: [] });
    expect(await exists(runtime.dir)).toBe(true);
    expect(await exists(alive)).toBe(true);
  });

  it('touches nothing in staging that is not named as ours', async () => {
    const { home, env } = await surroundings();
    const { staging } = homeLayout(home);
    await mkdir(join(staging, 'notes'), { recursive: true });
    await mkdir(join(staging, `0.1.0_x86_64-unknown-linux-musl.${UUID}.replaced`));
    const { staging: gone } = await pruneStore({ home, env });
    expect(gone).toHaveLength(1);
    expect(await readdir(staging)).toEqual(['notes']);
  });

  it('keeps a young download, and forgets the uses of what is gone', async () => {
    const { home, ...around } = await surroundings();
    const { partial, used } = homeLayout(home);
    await oldRuntime(home);
    await ensureRuntime({ ...around, home, version: '0.115.0' });
    await mkdir(partial, { recursive: true });
    const young = join(partial, `sha256-${'0'.repeat(64)}.1-0-0`);
    await writeFile(young, '12345');
    expect(await readdir(used)).toHaveLength(1);
    await pruneStore({ ...around, home, keep: 0 });
    expect(await readdir(used)).toEqual([]);
    expect(await exists(young)).toBe(true);
  });

  it('leaves a note that cannot be removed, and says what it did', async () => {
    const { home, env } = await surroundings();
    const old = await oldRuntime(home);
    await mkdir(join(homeLayout(home).used, 'no note'), { recursive: true });
    expect((await pruneStore({ home, env })).removed).toMatchObject([{ dir: old.dir }]);
  });

  it('is content with a home that does not exist', async () => {
    const { home, env } = await surroundings();
    expect(await pruneStore({ home, env })).toMatchObject({ removed: [], kept: [], freed: 0 });
  });
});
