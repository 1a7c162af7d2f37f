import { describe, expect, it } from 'vitest';
import { document, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A line of a stack trace, as V8 writes it. */
const FRAME = /^\s+at .+:\d+:\d+\)?$/m;

/** A registry that nobody listens on: its error has a cause of Node's. */
const REFUSED = { npm_config_registry: 'http://127.0.0.1:9/' };

describe('a failure', () => {
  it.each([
    'install 1.2.3 --source=npm',
    'install no-version',
    'resolve 1.2.3 --source=dir:missing',
    'verify',
  ])('has a stack trace with --verbose alone: %s', async (line) => {
    const words = line.split(' ');
    const around = { dir: await tempDir(), env: REFUSED };
    const plain = await runCli(words, around);
    expect(plain.status).toBeGreaterThan(1);
    expect(plain.stdout + plain.stderr).not.toMatch(FRAME);
    expect((await runCli([...words, '--verbose'], around)).stderr).toMatch(FRAME);
  });

  it('keeps its stack trace out of the JSON document', async () => {
    const around = { dir: await tempDir(), env: REFUSED };
    const words = ['install', '1.2.3', '--source=npm', '--json'];
    const plain = await runCli(words, around);
    expect(plain.stderr).not.toMatch(FRAME);
    const run = await runCli([...words, '--verbose'], around);
    expect(document(run)).toEqual(document(plain));
    expect(run.stdout).not.toMatch(/\\n\s+at /);
    expect(run.stderr).toMatch(FRAME);
  });
});
