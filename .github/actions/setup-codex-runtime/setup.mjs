// The two steps of action.yml that are not GitHub's own: what to cache, and installing.
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  choice,
  input,
  inTermsOfInputs,
  namedLockfile,
  repository,
  required,
  workingDirectory,
  workspace,
} from './inputs.mjs';

const { env } = process;
/** codex-runtime as the commit of this action has it: CI holds it to the sources. */
const PROGRAM = fileURLToPath(new URL('codex-runtime.cjs', import.meta.url));
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
  const key = [pinIdentity(), repository()?.toLowerCase().replace('/', '-'), input('variant')];
  output('store', join(home(), 'store'));
  const cached = choice('cache', ['true', 'false']) === 'true' && key[0] !== null;
  const parts = ['codex-runtime', process.platform, process.arch, ...key.filter(Boolean)];
  output('key', cached ? parts.join('-') : '');
}

function pinIdentity() {
  const version = input('version');
  if (version !== undefined)
    return EXACT.test(version) ? version.replace(/^(?:rust-)?v?/, '') : null;
  const lockfile = namedLockfile(LOCKFILE) ?? findUpward(LOCKFILE, workingDirectory());
  if (lockfile === null) return null;
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex').slice(0, 32);
}

function install() {
  const version = input('version');
  const args = installArguments(version);
  const directory = workingDirectory();
  const title = `Install Codex ${version ?? 'as the lockfile pins it'}`;
  const result = group(title, () => run([PROGRAM, ...args], directory));
  const document = parseDocument(result.stdout);
  if (result.status !== 0) {
    throw new Error(
      document?.message === undefined
        ? 'codex-runtime could not be started.'
        : inTermsOfInputs(document),
    );
  }
  output('path', document.executable);
  output('version', document.version);
  appendLine('GITHUB_PATH', commandDirectory(document));
  console.log(summary(document));
  switchUpdateCheckOff();
}

/**
 * Codex is pinned here, so it need not look for another version. The home of a hosted machine is the job's
 * own; elsewhere it belongs to a user, and a config.toml that is there stays as it is.
 */
function switchUpdateCheckOff() {
  const wanted = choice('update-check', ['true', 'false']) === 'true';
  if (wanted || env.RUNNER_ENVIRONMENT !== 'github-hosted') return;
  const codexHome = env.CODEX_HOME || join(homedir(), '.codex');
  const path = join(codexHome, 'config.toml');
  try {
    mkdirSync(codexHome, { recursive: true });
    writeFileSync(path, 'check_for_update_on_startup = false\n', { flag: 'wx' });
    console.log(`Wrote ${path}: Codex does not look for updates.`);
  } catch (error) {
    if (error.code !== 'EEXIST') console.log(`${path} could not be written (${error.code}).`);
  }
}

function installArguments(version) {
  const python = input('python');
  const prefix = prefixOf(python);
  const args = ['install', '--json'];
  if (prefix !== null) args.push(`--prefix=${prefix}`);
  if (python !== undefined) args.push('--ecosystem=python', `--python=${python}`);
  const lockfile = namedLockfile(LOCKFILE);
  if (lockfile !== undefined) args.push(`--lockfile=${lockfile}`);
  const source = input('source');
  if (source !== undefined) args.push(`--source=${source}`);
  const repo = repository();
  if (repo !== undefined) args.push(`--repo=${repo}`);
  const variant = choice('variant', ['auto', 'package', 'binary']);
  if (variant !== undefined) args.push(`--variant=${variant}`);
  if (choice('verify-signature', ['true', 'false']) === 'true') args.push('--verify-signature');
  // Without a version only a lockfile may say which: a job must not depend on what was left there.
  if (version === undefined) args.push('--frozen');
  else args.push('--', version);
  return args;
}

/** Null for a Python environment, which its interpreter names. */
function prefixOf(python) {
  const named = input('prefix');
  if (named !== undefined) return resolve(workingDirectory(), named);
  return python === undefined ? join(required('RUNNER_TEMP'), 'codex') : null;
}

function commandDirectory({ prefix }) {
  if (input('python') === undefined) return join(prefix, 'node_modules', '.bin');
  const scripts = process.platform === 'win32' && input('prefix') === undefined ? 'Scripts' : 'bin';
  return join(prefix, scripts);
}

function summary({ version, executable, source, downloaded }) {
  const how = {
    prefix: 'was already installed',
    store: 'was installed from the cache',
  }[source];
  const megabytes = Math.max(1, Math.round(downloaded / 1e6));
  const what = how ?? `was downloaded (${megabytes} MB), verified and installed`;
  return `Codex ${version} ${what}: ${executable}`;
}

function run(args, cwd) {
  const token = input('token');
  const inputs = Object.keys(env).filter((name) => name.startsWith('INPUT_'));
  return spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...env,
      ...Object.fromEntries(inputs.map((name) => [name, undefined])),
      CODEX_RUNTIME_HOME: home(),
      ...(token === undefined ? {} : { GITHUB_TOKEN: token }),
    },
  });
}

function parseDocument(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function home() {
  return join(required('RUNNER_TOOL_CACHE'), 'codex-runtime');
}

/** Within the workspace: what lies above it belongs to no commit of this repository. */
function findUpward(name, from) {
  const path = join(from, name);
  if (existsSync(path)) return path;
  const inside = relative(workspace(), from);
  return inside === '' || inside.startsWith('..') ? null : findUpward(name, dirname(from));
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
