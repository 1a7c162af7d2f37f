import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Case, Run } from './rig.ts';

const VERSION = '0.101.0';

function succeeded(run: Run): Run {
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  return run;
}

/** SHA-256 of the files below `dir`, by their names alone: layouts differ, bytes must not. */
function digests(dir: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!lstatSync(path).isFile()) continue;
    const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
    found.set(entry.name, [...(found.get(entry.name) ?? []), digest]);
  }
  return found;
}

const perTarget = ['darwin-arm64', 'darwin-x64'].map((target): [string, Case] => [
  `carries the real ${target} build byte for byte into global prefixes, npm package and wheel`,
  async (rig) => {
    const dir = join(rig.dir, target);
    await mkdir(dir);
    const cli = async (...args: string[]) =>
      succeeded(await rig.run(process.execPath, [rig.script, ...args]));
    const name = `@openai/codex@${VERSION}-${target}`;
    const packed = succeeded(await rig.run('npm', ['pack', '--silent', name], { cwd: dir }));
    execFileSync('tar', ['xzf', packed.stdout.trim()], { cwd: dir });
    const upstream = digests(join(dir, 'package/vendor'));
    assert.ok(upstream.has('codex') && upstream.has('rg'), [...upstream.keys()].join());

    assert.ok(isSigned(readFileSync(upstreamFile(join(dir, 'package/vendor'), 'codex'))));

    const wanted = [VERSION, '--source', 'npm'];
    // Where npm of an Intel Mac and of Homebrew on Apple silicon keep global packages.
    const prefixes = ['usr/local', 'opt/homebrew'].map((prefix) => join(dir, prefix));
    for (const prefix of prefixes) {
      await cli('install', ...wanted, '--target', target, '--prefix', prefix, '-g');
      assert.ok(lstatSync(join(prefix, 'bin/codex')).isSymbolicLink());
    }
    const out = join(dir, 'packed');
    await cli('pack', ...wanted, '--targets', target, '--out', out);
    for (const file of readdirSync(out)) {
      const unpacked = join(dir, `unpacked-${file}`);
      await mkdir(unpacked);
      if (file.endsWith('.tgz')) execFileSync('tar', ['xzf', join(out, file), '-C', unpacked]);
      else if (file.endsWith('.whl')) {
        execFileSync('python3', ['-m', 'zipfile', '-e', join(out, file), unpacked]);
      }
    }
    const places = [
      ...prefixes.map((prefix) => join(prefix, 'lib/node_modules/codex-cli-bin')),
      ...readdirSync(dir)
        .filter((entry) => isPlatform(entry))
        .map((entry) => join(dir, entry)),
    ];
    assert.equal(places.length, 4, places.map((place) => relative(dir, place)).join());
    for (const place of places) {
      const found = digests(place);
      for (const [file, [digest = '']] of upstream) {
        assert.ok(found.get(file)?.includes(digest), `${place}: ${file}`);
      }
    }
  },
]);

/** What was unpacked of a platform's package; the root package holds no build. */
function isPlatform(entry: string): boolean {
  return entry.startsWith('unpacked-') && /darwin|macosx/.test(entry);
}

function upstreamFile(dir: string, name: string): string {
  const found = readdirSync(dir, { recursive: true, withFileTypes: true }).find(
    (entry) => entry.isFile() && entry.name === name,
  );
  assert.ok(found !== undefined, name);
  return join(found.parentPath, found.name);
}

const MACH_O_64 = 0xfeedfacf;
const HEADER_BYTES = 32;
const LC_CODE_SIGNATURE = 0x1d;

/** Whether a program for macOS says where its signature lies, which is the last of it. */
function isSigned(bytes: Buffer): boolean {
  if (bytes.readUInt32LE(0) !== MACH_O_64) return false;
  let at = HEADER_BYTES;
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    if (bytes.readUInt32LE(at) === LC_CODE_SIGNATURE) {
      return bytes.readUInt32LE(at + 8) + bytes.readUInt32LE(at + 12) === bytes.length;
    }
    at += bytes.readUInt32LE(at + 4);
  }
  return false;
}

/** macOS by its structure: the programs are signed, so no byte of them may change. */
export const MACOS_CASES: Readonly<Record<string, Case>> = Object.fromEntries(perTarget);
