import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TARGETS } from '../../../src/target/index.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { packMiniatures } from '../../support/packed-release.ts';
import { tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);
const pip = (...args: readonly string[]) =>
  run('python3', ['-m', 'pip', '--disable-pip-version-check', '--no-input', ...args]);

let out: string;
let wheels: readonly string[];
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'codex-runtime-wheels-'));
  const runtimes = await Promise.all(
    TARGETS.map(({ triple }) =>
      miniatureRuntime(join(dir, triple), { version: '0.116.0-alpha.2', target: triple }),
    ),
  );
  const request = { runtimes, out: join(dir, 'dist'), ecosystems: ['python'] as const };
  ({ out } = await packMiniatures(request));
  wheels = (await readdir(out)).filter((name) => name.endsWith('.whl')).sort();
});

afterAll(() => rm(dir, { recursive: true }));

describe('the wheels of a release', () => {
  it('are one for each platform', () => {
    expect(wheels.map((name) => name.replace('codex_cli_bin-0.116.0a2-py3-none-', ''))).toEqual([
      'macosx_10_12_x86_64.whl',
      'macosx_11_0_arm64.whl',
      'manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl',
      'manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl',
      'win_amd64.whl',
      'win_arm64.whl',
    ]);
  });

  it.each(['manylinux2014_x86_64', 'musllinux_1_1_aarch64', 'macosx_10_12_x86_64'])(
    'are found by pip download --platform %s',
    async (platform) => {
      const dest = await tempDir();
      await pip(
        ...['download', '--no-index', `--find-links=${out}`, '--only-binary=:all:', '--no-deps'],
        ...[`--platform=${platform}`, `--dest=${dest}`, '--pre', 'codex-cli-bin'],
      );
      expect((await readdir(dest)).join()).toContain(platform);
    },
  );

  it('hold what a wheel should, and nothing else', async () => {
    const { stdout } = await run('python3', [
      '-c',
      CHECK,
      ...wheels.map((name) => join(out, name)),
    ]);
    expect(stdout).toBe('');
  });

  it('are pinned by requirements.txt with their hashes', async () => {
    const file = join(out, 'requirements.txt');
    const sums = await readFile(join(out, 'SHA256SUMS'), 'utf8');
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines[0]).toBe('codex-cli-bin==0.116.0a2 \\');
    expect(lines).toHaveLength(1 + wheels.length);
    for (const line of lines.slice(1)) {
      expect(sums).toContain(`${/sha256:([0-9a-f]{64})/.exec(line)?.[1]}  `);
    }
    const site = join(await tempDir(), 'site');
    const args = ['install', '--no-index', `--find-links=${out}`, '--require-hashes', '-r', file];
    await pip(...args, `--target=${site}`);
    const { stdout } = await run(join(site, 'bin/codex'), [], { env: {} });
    expect(stdout).toBe('codex-cli 0.116.0-alpha.2\n');
  });

  it('are refused by pip where their bytes are others', async () => {
    const { out: other } = await packMiniatures({ ecosystems: ['python'] });
    for (const name of await readdir(other)) {
      if (name.endsWith('.whl')) await appendFile(join(other, name), 'x');
    }
    const installing = pip(
      ...['install', '--no-index', `--find-links=${other}`, '--require-hashes'],
      ...['-r', join(other, 'requirements.txt'), `--target=${join(other, 'site')}`],
    );
    await expect(installing).rejects.toMatchObject({
      stderr: expect.stringContaining('DO NOT MATCH THE HASHES'),
    });
  });
});

it('a release without wheels has no requirements.txt', async () => {
  const { out: npm } = await packMiniatures({ ecosystems: ['node'] });
  expect(await readdir(npm)).not.toContain('requirements.txt');
});

// What check-wheel-contents and twine look for, with the libraries that pip brings.
const CHECK = `
import base64, csv, email, hashlib, io, pathlib, sys, zipfile
from pip._vendor.packaging.utils import canonicalize_name, parse_wheel_filename
from pip._vendor.packaging.tags import parse_tag

def complain(path, what):
    print(pathlib.Path(path).name, what)

for path in sys.argv[1:]:
    name, version, build, tags = parse_wheel_filename(pathlib.Path(path).name)
    with zipfile.ZipFile(path) as wheel:
        if wheel.testzip() is not None:
            complain(path, "a member is damaged")
        members = wheel.namelist()
        if len({each.lower() for each in members}) != len(members):
            complain(path, "two members have one name")
        info = f"codex_cli_bin-{version}.dist-info"
        top = {each.split("/")[0] for each in members}
        if top - {"codex_cli_bin", info, f"codex_cli_bin-{version}.data"}:
            complain(path, f"other top-level entries: {top}")
        if "codex_cli_bin/__init__.py" not in members:
            complain(path, "no module")
        if any(each.endswith((".pyc", ".pyo", "/")) or "__pycache__" in each for each in members):
            complain(path, "bytecode or directories")
        metadata = email.message_from_bytes(wheel.read(f"{info}/METADATA"))
        if canonicalize_name(metadata["Name"]) != name or metadata["Version"] != str(version):
            complain(path, "METADATA names another package")
        for field in ["Metadata-Version", "Summary", "License-Expression", "Requires-Python"]:
            if not metadata[field]:
                complain(path, f"METADATA has no {field}")
        if metadata["Description-Content-Type"] != "text/markdown" or not metadata.get_payload().strip():
            complain(path, "no description for the index")
        for file in metadata.get_all("License-File"):
            if f"{info}/licenses/{file}" not in members:
                complain(path, f"no licence file {file}")
        declared = email.message_from_bytes(wheel.read(f"{info}/WHEEL"))
        if {tag for each in declared.get_all("Tag") for tag in parse_tag(each)} != tags:
            complain(path, "WHEEL has other tags than the name")
        if declared["Root-Is-Purelib"] != "false":
            complain(path, "binaries in purelib")
        record = list(csv.reader(io.StringIO(wheel.read(f"{info}/RECORD").decode())))
        if sorted(row[0] for row in record) != sorted(members):
            complain(path, "RECORD lists other members")
        for member, digest, size in record:
            if member == f"{info}/RECORD":
                continue
            content = wheel.read(member)
            actual = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            if digest != f"sha256={actual}" or int(size) != len(content):
                complain(path, f"RECORD is wrong about {member}")
        for member in members:
            mode = wheel.getinfo(member).external_attr >> 16
            command = ".data/scripts/" in member or "/bin/" in member or "/codex-path/" in member
            if bool(mode & 0o111) != command:
                complain(path, f"{member} has mode {mode:o}")
`;
