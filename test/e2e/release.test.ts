import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/compile.ts';
import { tempDir } from '../support/temp-dir.ts';
import { npmUser, startRegistry } from '../support/verdaccio.ts';

const run = promisify(execFile);

/** npm's own code, which knows npm's own registry. */
const NPM_CHUNK = /^(definitions|chunk|seeds)-/;

/** What a release does, with the real npm client and a registry on loopback. */
describe('the release of codex-runtime itself', () => {
  let version: string;

  beforeAll(async () => {
    version = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).version;
  });

  it('is published as one tarball, and runs from an empty cache and HOME', async () => {
    const registry = await startRegistry();
    try {
      const dir = await tempDir();
      const env = {
        PATH: process.env['PATH'],
        ...(await npmUser(dir, registry.url)),
        NO_COLOR: '1',
      };
      const packArgs = ['pack', '--json', '--ignore-scripts', '--pack-destination', dir];
      const [{ filename }] = JSON.parse((await run('npm', packArgs, { cwd: ROOT, env })).stdout);
      const publish = ['publish', join(dir, filename), '--ignore-scripts', '--access', 'public'];
      await run('npm', publish, { cwd: dir, env });

      const user = join(dir, 'user');
      await mkdir(user);
      const fresh = {
        ...env,
        ...(await npmUser(user, registry.url)),
        HOME: user,
        npm_config_cache: join(user, 'cache'),
      };
      const npx = ['--yes', `codex-runtime@${version}`, '--version'];
      const { stdout } = await run('npx', npx, { cwd: user, env: fresh });
      expect(stdout).toBe(`${version}\n`);
      const [project = ''] = await readdir(join(user, 'cache/_npx'));
      const modules = await readdir(join(user, 'cache/_npx', project, 'node_modules'));
      expect(modules.filter((name) => !name.startsWith('.'))).toEqual(['codex-runtime']);
    } finally {
      await registry.close();
    }
  });

  it('names no registry, except where npm itself does', async () => {
    const files = await readdir(join(ROOT, 'dist'), { recursive: true, withFileTypes: true });
    const texts = files.filter((file) => file.isFile() && !NPM_CHUNK.test(file.name));
    expect(texts.length).toBeGreaterThan(20);
    for (const { parentPath, name } of texts) {
      const text = await readFile(join(parentPath, name), 'utf8');
      expect(text.match(/https?:\/\/registry\.(?!example\.)[\w.]+/g) ?? [], name).toEqual([]);
    }
  });
});
