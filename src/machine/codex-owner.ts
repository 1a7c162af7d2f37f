import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { realPath } from '../disk/real-path.ts';
import { asJsonObject, tryParseJson } from '../json.ts';
import { loadDescription } from '../store/index.ts';

/** Who put a `codex` where it was found. */
export interface CodexOwner {
  readonly owner:
    | 'codex-runtime'
    | 'npm'
    | 'pnpm'
    | 'yarn'
    | 'bun'
    | 'vite-plus'
    | 'homebrew'
    | 'winget'
    | 'python'
    | 'uv'
    | 'cargo'
    | 'mise'
    /** The installer that OpenAI publishes for a shell. */
    | 'standalone'
    /** The copy that `codex app-server daemon` made of the package that it was first started from. */
    | 'daemon'
    | 'unknown';
  /** What it is part of, e.g. `@openai/codex`; null where nothing says. */
  readonly package: string | null;
  /** Semver, from the package's own files; null where they do not say. */
  readonly version: string | null;
}

const UNKNOWN: CodexOwner = { owner: 'unknown', package: null, version: null };

/** Judges by where the file really lies; nothing is run. */
export async function ownerOf(path: string): Promise<CodexOwner> {
  const real = (await realPath(path).catch(() => path)).replaceAll('\\', '/');
  const owner = await ownerByPlace(real);
  return owner.version === null ? { ...owner, version: await treeVersion(real) } : owner;
}

async function ownerByPlace(real: string): Promise<CodexOwner> {
  return (
    // Before ours: the daemon copies the whole tree, our description of it too.
    inCodexHome(real) ??
    (await ours(real)) ??
    (await npms(real)) ??
    (await shims(real)) ??
    byDirectory(real, /\/(Cellar|Caskroom)\/([^/]+)\/([^/]+)\//, 'homebrew') ??
    byDirectory(real, /\/(WinGet)\/(?:Packages|Links)\/(codex|OpenAI\.Codex)[^/]*/i, 'winget') ??
    byDirectory(real, /\/(mise)\/installs\/([^/]+)\/([^/]+)\//, 'mise') ??
    byDirectory(real, /\/(uv)\/tools\/([^/]+)\//, 'uv') ??
    byDirectory(real, /\/(site-packages|dist-packages)\/([^/]+)\//, 'python') ??
    byDirectory(real, /\/\.(cargo)\/(bin)\//, 'cargo') ??
    (await isPythonScript(real)) ??
    UNKNOWN
  );
}

/** What the runtime's tree says of itself, one above `bin`: old trees have no such file. */
async function treeVersion(real: string): Promise<string | null> {
  const file = join(dirname(dirname(real)), 'codex-package.json');
  const { version } = asJsonObject(tryParseJson(await readFile(file, 'utf8').catch(() => '')));
  return typeof version === 'string' ? version : null;
}

/** A runtime's tree has its manifest one above `bin`. */
async function ours(real: string): Promise<CodexOwner | undefined> {
  const runtime = await loadDescription(dirname(dirname(real)));
  if (runtime === undefined) return undefined;
  return { owner: 'codex-runtime', package: null, version: runtime.version };
}

async function npms(real: string): Promise<CodexOwner | undefined> {
  const [, root, name] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(real) ?? [];
  if (root === undefined || name === undefined) return undefined;
  const text = await readFile(join(root, 'package.json'), 'utf8').catch(() => '');
  const { version } = asJsonObject(tryParseJson(text));
  const owner = GLOBALS.find(([place]) => place.test(root))?.[1] ?? 'npm';
  return { owner, package: name, version: typeof version === 'string' ? version : null };
}

/** Where other managers than npm keep what they install globally. */
const GLOBALS: readonly (readonly [RegExp, CodexOwner['owner']])[] = [
  [/\/pnpm\/global\//, 'pnpm'],
  [/\/\.bun\/install\/global\//, 'bun'],
  [/\/yarn\/global\//i, 'yarn'],
  [/\/\.vite-plus\//, 'vite-plus'],
];

/** pnpm puts a script that starts the package where others put a link to it. */
async function shims(real: string): Promise<CodexOwner | undefined> {
  if (!/\/pnpm\/(?:bin\/)?codex(\.cmd)?$/i.test(real)) return undefined;
  return { owner: 'pnpm', package: '@openai/codex', version: null };
}

/** `<CODEX_HOME>/packages/<owner>/releases/<version>[-<target>]/…`, linked from `~/.local/bin`. */
function inCodexHome(real: string): CodexOwner | undefined {
  const [, owner, release] =
    /\/packages\/(standalone|app-server-daemon)\/releases\/([^/]+)\//.exec(real) ?? [];
  if (release === undefined) return undefined;
  const version = /^\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)[.\d]*)?/.exec(release)?.[0] ?? null;
  return { owner: owner === 'standalone' ? 'standalone' : 'daemon', package: null, version };
}

function byDirectory(
  real: string,
  pattern: RegExp,
  owner: CodexOwner['owner'],
): CodexOwner | undefined {
  const [, , name, version] = pattern.exec(real) ?? [];
  if (name === undefined) return undefined;
  return { owner, package: owner === 'cargo' ? null : name, version: version ?? null };
}

/** The script that names its interpreter in the first line, or the one of our wheels. */
async function isPythonScript(real: string): Promise<CodexOwner | undefined> {
  const start = await readStart(real);
  return /^#!.*python|^#!.*\n# The command of the Python package /.test(start)
    ? { ...UNKNOWN, owner: 'python' }
    : undefined;
}

async function readStart(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
