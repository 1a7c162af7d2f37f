import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeCodexHome } from '../support/codex-home.ts';
import { realExecutable } from '../support/real-codex.ts';

/** What docs/pinned.md says of the newest build: it refuses a setting that it does not know. */
it('the real 0.171.0 knows the setting that switches its check for updates off', async () => {
  const codex = await realExecutable('0.171.0');
  const home = await makeCodexHome('http://127.0.0.1:9');
  onTestFinished(() => home.remove());
  const start = async (setting: string) => {
    const args = ['app-server', '--strict-config', '-c', setting];
    const child = spawn(codex, args, { env: { ...home.env }, cwd: home.work, stdio: 'ignore' });
    const [status] = await once(child, 'exit');
    return status as number;
  };
  expect(await start('check_for_update_on_startup=false')).toBe(0);
  expect(await start('check_for_updates_on_startup=false')).not.toBe(0);
});

it.each(['0.115.0', '0.171.0'])(
  'the real %s starts with the config.toml of the action',
  async (version) => {
    const codex = await realExecutable(version);
    const home = await makeCodexHome('http://127.0.0.1:9');
    onTestFinished(() => home.remove());
    const strict = version === '0.171.0' ? ['--strict-config'] : [];
    const start = async (line: string) => {
      await writeFile(join(home.env['CODEX_HOME'] ?? '', 'config.toml'), line);
      const child = spawn(codex, ['app-server', ...strict], {
        env: { ...home.env },
        stdio: 'ignore',
      });
      const [status] = await once(child, 'exit');
      return status as number;
    };
    expect(await start('check_for_update_on_startup = false\n')).toBe(0);
    // The newer one refuses a value of another kind.
    if (version === '0.171.0')
      expect(await start('check_for_update_on_startup = "no"\n')).not.toBe(0);
  },
);
