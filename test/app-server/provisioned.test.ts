import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Codex } from '../../src/app-server/index.ts';
import { installRuntime } from '../../src/index.ts';
import { type CodexHome, makeCodexHome } from '../support/codex-home.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { realHome } from '../support/real-codex.ts';

const VERSION = '0.115.0';

describe('a runtime that this tool brought from npm', () => {
  let dir: string;
  let home: CodexHome;
  let model: ModelServer;
  let executable: string;

  beforeAll(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'codex-provisioned-')));
    model = await startModelServer(() => ({ kind: 'text', text: 'from npm' }));
    home = await makeCodexHome(model.url);
    const project = join(dir, 'project');
    await mkdir(project);
    const env = { ...process.env, CODEX_RUNTIME_HOME: realHome() };
    ({ executable } = await installRuntime({
      version: VERSION,
      source: 'npm',
      prefix: project,
      env,
    }));
    await mkdir(join(project, 'deep'));
  });

  afterAll(async () => {
    await model.close();
    await home.remove();
    await rm(dir, { recursive: true, force: true });
  });

  it('is found from anywhere in the project it was installed into', async () => {
    const cwd = join(dir, 'project', 'deep');
    await using codex = await Codex.start({ cwd, env: home.env, expectedVersion: VERSION });
    expect((await codex.startThread().run('hi')).finalResponse).toBe('from npm');
    expect(executable.startsWith(join(dir, 'project'))).toBe(true);
  });

  it('is taken from the store where nothing is installed and provisioning is allowed', async () => {
    const env = {
      ...home.env,
      CODEX_RUNTIME_HOME: realHome(),
      CODEX_RUNTIME_VERSION: VERSION,
    };
    // Not below the temporary directory, where other tests install.
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    await using codex = await Codex.start({ cwd, env, provision: true });
    expect(codex.metadata.serverVersion).toBe(VERSION);
    expect((await codex.startThread({ cwd: home.work }).run('hi')).finalResponse).toBe('from npm');
  });
});
