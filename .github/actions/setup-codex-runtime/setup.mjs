// The two steps of action.yml that are not GitHub's own: what to cache, and installing.
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const { env } = process;
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const LOCKFILE = 'codex-runtime.lock.json';
const EXACT = /^(?:rust-)?v?\d+\.\d+\.\d+(?:[-.a-z0-9]+)?$/;

try {
  if (process.argv[2] === 'plan') plan();
  else install();
} catch (error) {
  console.log(`::error::${escapeData(error instanceof Error ? error.message : String(error))}`);
  process.exitCode = 1;
}

/** The store, and a cache key that names its bytes; no key where the version may mean others later. */
function plan() {
  output('store', join(home(), 'store'));
  const identity = env.INPUT_CACHE === 'true' ? pinIdentity() : null;
  const machine = `${process.platform}-${process.arch}`;
  output('key', identity === null ? '' : `codex-runtime-${machine}-${identity}`);
}

function pinIdentity() {
  const version = input('VERSION');
  if (version !== undefined)
    return EXACT.test(version) ? version.replace(/^(?:rust-)?v?/, '') : null;
  const lockfile = findUpward(LOCKFILE, workspace());
  if (lockfile === null) return null;
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex').slice(0, 32);
}

function install() {
  const prefix = resolve(workspace(), input('PREFIX') ?? join(required('RUNNER_TEMP'), 'codex'));
  const source = input('SOURCE');
  const version = input('VERSION');
  const args = ['install', '--json', `--prefix=${prefix}`];
  if (source !== undefined) args.push(`--source=${source}`);
  // Without a version only a lockfile may say which: a job must not depend on what was left there.
  if (version === undefined) args.push('--frozen');
  else args.push('--', version);
  const result = group(`Install Codex ${version ?? 'as the lockfile pins it'}`, () => run(args));
  const document = JSON.parse(result.stdout || '{}');
  if (result.status !== 0) {
    const hint = document.hint === undefined ? '' : ` ${document.hint}`;
    throw new Error(`${document.message ?? 'codex-runtime could not be started.'}${hint}`);
  }
  output('path', document.executable);
  output('version', document.version);
  appendLine('GITHUB_PATH', join(prefix, 'node_modules', '.bin'));
}

/** codex-runtime as this repository has built it, else the same version from npm. */
function run(args) {
  const built = join(REPOSITORY, 'dist', 'cli', 'main.cjs');
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  const [file, first] =
    existsSync(built) && existsSync(join(REPOSITORY, 'node_modules'))
      ? [process.execPath, [join(REPOSITORY, 'bin', 'codex-runtime.js')]]
      : npx(['--yes', `--package=codex-runtime@${version}`, '--', 'codex-runtime']);
  const token = input('TOKEN');
  return spawnSync(file, [...first, ...args], {
    cwd: workspace(),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...env,
      INPUT_TOKEN: undefined,
      CODEX_RUNTIME_HOME: home(),
      ...(token === undefined ? {} : { GITHUB_TOKEN: token }),
    },
  });
}

/** npx as a script for this Node: Windows cannot start npx.cmd without a shell. */
function npx(args) {
  const directory = dirname(process.execPath);
  const places = [join(directory, 'node_modules'), join(directory, '..', 'lib', 'node_modules')];
  const script = places.map((place) => join(place, 'npm', 'bin', 'npx-cli.js')).find(existsSync);
  return script === undefined ? ['npx', args] : [process.execPath, [script, ...args]];
}

function home() {
  return join(required('RUNNER_TOOL_CACHE'), 'codex-runtime');
}

function workspace() {
  return env.GITHUB_WORKSPACE ?? process.cwd();
}

function input(name) {
  const value = env[`INPUT_${name}`]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

function required(name) {
  const value = env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: this runs in GitHub Actions.`);
  return value;
}

function findUpward(name, from) {
  const path = join(from, name);
  if (existsSync(path)) return path;
  return dirname(from) === from ? null : findUpward(name, dirname(from));
}

/** A folded part of the log, in which no line is taken for a command of the runner. */
function group(title, work) {
  const stop = randomUUID();
  console.log(`::group::${escapeData(title)}`);
  console.log(`::stop-commands::${stop}`);
  try {
    return work();
  } finally {
    console.log(`::${stop}::`);
    console.log('::endgroup::');
  }
}

function output(name, value) {
  appendLine('GITHUB_OUTPUT', `${name}=${value}`);
}

/** A line break in a value would be a second entry. */
function appendLine(file, line) {
  if (/[\r\n]/.test(line)) throw new Error(`A value for ${file} has a line break.`);
  appendFileSync(required(file), `${line}\n`);
}

function escapeData(text) {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
