import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A directory of PATH that colours a terminal, turns its text around, and orders a CI runner about. */
const HOSTILE = 'a\u001b[31m\u009b31m\u202eb ##[error]c';

const ORDERS = ['\u001b', '\u009b', '\u202e', '##['];

describe('stdout', () => {
  it('shows what the surroundings hold without obeying it, and JSON still means the same', async () => {
    const dir = await tempDir();
    const bin = join(dir, HOSTILE);
    await mkdir(bin);
    await writeFile(join(bin, 'codex'), '#!/bin/sh\n', { mode: 0o755 });
    const around = { dir, env: { PATH: bin } };
    const args = ['doctor', '--offline'];
    const words = await runCli(args, around);
    const json = await runCli([...args, '--json'], around);
    for (const { stdout } of [words, json]) {
      for (const order of ORDERS) expect(stdout).not.toContain(order);
    }
    expect(words.stdout).toContain('\\u001b[31m\\u009b31m\\u202e');
    const findings = document(json)['findings'] as { fields: { codex?: { path: string }[] } }[];
    const paths = findings.flatMap(({ fields }) => fields.codex ?? []).map(({ path }) => path);
    expect(paths).toEqual([join(bin, 'codex')]);
  });

  it('an error document does not carry controls in its fields either', async () => {
    const run = await runCli(['install', '1.2.3', '--prefix', HOSTILE, '--json'], {
      dir: await tempDir(),
    });
    for (const order of ORDERS) expect(run.stdout).not.toContain(order);
    expect(document(run)).toMatchObject({
      code: 'PREFIX_INVALID',
      prefix: expect.stringContaining(HOSTILE),
    });
  });
});
