import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, EXIT_STATUS } from '../../../src/errors.ts';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

type Misuse = readonly [words: string, code: ErrorCode];

const WHICH: readonly Misuse[] = [
  ['not/a/version', 'PIN_INVALID'],
  ['', 'PIN_MISSING'],
  ['1.2.3 --target sparc', 'UNSUPPORTED_PLATFORM'],
  ['1.2.3 --source ftp', 'USAGE'],
  ['1.2.3 --source dir:none', 'SOURCES_EXHAUSTED'],
];

/** Five kinds of bad input for each command, none of which needs an answer of a network. */
const MISUSES: Readonly<Record<string, readonly Misuse[]>> = {
  install: [
    ...WHICH,
    ['1.2.3 --offline --prefix p', 'OFFLINE'],
    ['1.2.3 --name ../x --prefix p', 'USAGE'],
    ['1.2.3 --prefix file', 'PREFIX_INVALID'],
    ['1.2.3 --home file --prefix p', 'INSTALL_FAILED'],
  ],
  resolve: WHICH,
  which: WHICH,
  exec: [
    ['not/a/version --', 'PIN_INVALID'],
    ['--', 'PIN_MISSING'],
    ['1.2.3 --offline --', 'OFFLINE'],
    ['1.2.3 --source ftp --', 'USAGE'],
    ['1.2.3 --target win32-x64 --offline --', 'UNSUPPORTED_PLATFORM'],
  ],
  list: [
    ['x', 'USAGE'],
    ['--remote --source ftp', 'USAGE'],
    ['--remote --source dir:none', 'SOURCES_EXHAUSTED'],
    ['--remote --source dir:file', 'SOURCES_EXHAUSTED'],
    ['--remote --repo x', 'USAGE'],
  ],
  uninstall: [
    ['not/a/version', 'PIN_INVALID'],
    ['1.2.3', 'RELEASE_NOT_FOUND'],
    ['--target linux-x64', 'USAGE'],
    ['1.2.3 --target sparc', 'UNSUPPORTED_PLATFORM'],
    ['--ecosystem python --python /none', 'INSTALL_FAILED'],
  ],
  prune: [
    ['x', 'USAGE'],
    ['--keep x', 'USAGE'],
    ['--keep -1', 'USAGE'],
    ['--unused-for x', 'USAGE'],
    ['--frobnicate', 'USAGE'],
  ],
  pin: [
    ['not/a/version', 'PIN_INVALID'],
    ['', 'PIN_MISSING'],
    ['1.2.3 --source dir:.', 'RELEASE_NOT_FOUND'],
    ['1.2.3 --source dir:file', 'SOURCES_EXHAUSTED'],
    ['1.2.3 --check --deep', 'USAGE'],
  ],
  download: [
    ['1.2.3', 'USAGE'],
    ['not/a/version --out o', 'PIN_INVALID'],
    ['1.2.3 --out o --target sparc', 'UNSUPPORTED_PLATFORM'],
    ['1.2.3 --out o --source dir:.', 'RELEASE_NOT_FOUND'],
    ['1.2.3 --out file', 'INSTALL_FAILED'],
  ],
  verify: [
    ['not/a/version', 'PIN_INVALID'],
    ['1.2.3', 'RELEASE_NOT_FOUND'],
    ['--prefix p --target linux-x64', 'USAGE'],
    ['--target sparc', 'UNSUPPORTED_PLATFORM'],
    ['--ecosystem python --python /none', 'INSTALL_FAILED'],
  ],
  doctor: [
    ['--frobnicate', 'USAGE'],
    ['--source ftp', 'USAGE'],
    ['--prefix', 'USAGE'],
    ['1.2.3 x', 'USAGE'],
    ['--repo x', 'USAGE'],
  ],
  stage: [
    ['1.2.3', 'USAGE'],
    ['not/a/version --out o', 'PIN_INVALID'],
    ['1.2.3 --out file', 'PREFIX_INVALID'],
    ['1.2.3 --out o --repository x', 'USAGE'],
    ['1.2.3 --out o --root --templates none', 'TEMPLATE_INVALID'],
  ],
  pack: [
    ['', 'PIN_MISSING'],
    ['1.2.3 --out file', 'PREFIX_INVALID'],
    ['1.2.3 --targets sparc', 'UNSUPPORTED_PLATFORM'],
    ['1.2.3 --ecosystem ruby', 'USAGE'],
    ['1.2.3 --download-url x', 'USAGE'],
  ],
  publish: [
    ['', 'USAGE'],
    ['none', 'USAGE'],
    ['file', 'USAGE'],
    ['none --access x', 'USAGE'],
    ['none --frobnicate', 'USAGE'],
  ],
  wait: [
    ['', 'USAGE'],
    ['not/a/version', 'PIN_INVALID'],
    ['1.2.3 --timeout x', 'USAGE'],
    ['1.2.3 --once --timeout 1s', 'USAGE'],
    ['1.2.3 --once --source dir:none', 'SOURCES_EXHAUSTED'],
  ],
};

describe('bad input with --json', () => {
  it.each(Object.entries(MISUSES))('is one document, of %s', async (command, misuses) => {
    const dir = await tempDir();
    await writeFile(join(dir, 'file'), 'mine');
    await Promise.all(
      misuses.map(async ([words, code]) => {
        const args = [command, '--json', ...words.split(' ').filter((word) => word !== '')];
        const run = await runCli(args, { dir });
        expect([args, run.status, document(run)]).toEqual([
          args,
          EXIT_STATUS[code],
          expect.objectContaining({ code, hint: expect.any(String), message: expect.any(String) }),
        ]);
        expect(run.stderr).not.toMatch(/\n\s+at |Warning/);
      }),
    );
  });

  it('is told of pin without a warning of Node, where nobody answers', async () => {
    const github = await startLoopbackGitHub({ releases: [] });
    await github.close();
    const run = await runCli(['pin', '1.2.3', '--json'], { dir: await tempDir(), env: github.env });
    expect([run.status, document(run)['code']]).toEqual([5, 'SOURCES_EXHAUSTED']);
    expect(run.stderr).not.toContain('Warning');
  });

  it('is one document of a lockfile that cannot be read, of every command that reads it', async () => {
    const dir = await tempDir();
    const cwd = join(dir, 'project');
    await mkdir(cwd);
    await writeFile(join(cwd, 'codex-runtime.lock.json'), '{"x":');
    for (const words of ['install', 'resolve', 'which', 'exec', 'pin --check', 'pack']) {
      const run = await runCli([...words.split(' '), '--json'], { dir, cwd });
      expect([words, run.status]).toEqual([words, 3]);
      expect(document(run)).toMatchObject({ code: 'LOCK_INVALID' });
    }
  });
});
