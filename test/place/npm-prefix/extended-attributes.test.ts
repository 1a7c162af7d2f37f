import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const VERSION = '0.1.1';
const NAME = 'codex-aarch64-apple-darwin';

/** Node does not know extended attributes; Python does. */
const SET = 'import os, sys; os.setxattr(sys.argv[1], "user.mark", b"kept")';
const LIST = `import os, sys, json
found = {}
for place in sys.argv[1:]:
  for dir, dirs, files in os.walk(place):
    for name in dirs + files:
      path = os.path.join(dir, name)
      names = os.listxattr(path, follow_symlinks=False)
      if names: found[path] = names
print(json.dumps(found))`;

const python = (...args: string[]) => execFileSync('python3', ['-c', ...args], { stdio: 'pipe' });

/** Below each of `places`: paths of files and directories with attributes, and their names. */
function attributes(...places: string[]): Record<string, string[]> {
  return JSON.parse(python(LIST, ...places).toString()) as Record<string, string[]>;
}

/** Why nothing can be shown here; null where it can. macOS keeps its own attributes so, too. */
function whyNot(): string | null {
  if (process.platform !== 'linux') return 'user.* attributes are of Linux';
  try {
    python(
      'import os, sys, tempfile; os.setxattr(tempfile.mkstemp(dir=sys.argv[1])[1], "user.a", b"1")',
      tmpdir(),
    );
    return null;
  } catch {
    return 'no Python, or a file system without attributes';
  }
}

const skipped = whyNot();
const note = skipped === null ? '' : ` (skipped: ${skipped})`;

describe.skipIf(skipped !== null)(`extended attributes${note}`, () => {
  it('of an archive are left behind, and an installation adds none of its own', async () => {
    const { dir, install } = await release();
    const path = await install('prefix');
    expect(path).toContain('prefix');
    expect(attributes(dir.home, dir.prefixes)).toEqual({});
  });

  it('of a stored runtime are those of every package that is made of it, and stay', async () => {
    const { dir, install, run } = await release();
    const first = await install('first');
    python(SET, first);
    const second = await install('second');
    await run('verify', '--prefix', join(dir.prefixes, 'second'));
    await run('uninstall', '--prefix', join(dir.prefixes, 'first'));
    const found = attributes(dir.home, dir.prefixes);
    // A link to the stored file. Where Linux shares blocks instead, a clone has the bytes alone; a
    // clone of macOS has the attributes, too.
    const { nlink } = await stat(second);
    expect(Object.values(found)).toEqual(
      nlink > 1 ? [['user.mark'], ['user.mark']] : [['user.mark']],
    );
    expect(await readFile(second, 'utf8')).toBe('bytes');
  });
});

/** A release in a directory whose archive has attributes, as macOS and GNU tar write them. */
async function release() {
  const root = await tempDir();
  const dir = { home: join(root, 'home'), prefixes: join(root, 'prefixes') };
  const version = join(root, 'release', VERSION);
  await mkdir(version, { recursive: true });
  await mkdir(dir.prefixes);
  await writeFile(join(version, NAME), 'bytes', { mode: 0o755 });
  python(SET, join(version, NAME));
  const archive = join(version, `${NAME}.tar.gz`);
  execFileSync('tar', ['--xattrs', '-czf', archive, '-C', version, NAME]);
  const bytes = await readFile(archive);
  expect(gunzipSync(bytes).includes('SCHILY.xattr.user.mark')).toBe(true);
  const sum = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(version, 'SHA256SUMS'), `${sum}  ${NAME}.tar.gz\n`);
  const run = async (...args: string[]) => {
    const more = ['--home', dir.home];
    const result = await runCli([...args, ...more], { dir: root });
    expect(result, result.stderr).toMatchObject({ status: 0 });
    return result.stdout.trim();
  };
  const install = (prefix: string) =>
    run(
      'install',
      ...[VERSION, '--target', 'darwin-arm64', '--source', `dir:${join(root, 'release')}`],
      ...['--prefix', join(dir.prefixes, prefix)],
    );
  return { dir, run, install };
}
