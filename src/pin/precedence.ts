import { CodexRuntimeError } from '../errors.ts';
import { type Lock, loadLock } from './lockfile.ts';
import { parseSpec, type VersionSpec } from './spec.ts';
import { parseVersion } from './version.ts';

/** Environment variables as a plain record, so that no room reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The world that a package belongs to; each has a variable of its own. */
export type Ecosystem = 'node' | 'python';

/** Who said which version: a variable goes by its name. */
type PinOrigin =
  | 'argument'
  | 'CODEX_NODE_RUNTIME_VERSION'
  | 'CODEX_PYTHON_RUNTIME_VERSION'
  | 'CODEX_RUNTIME_VERSION'
  | 'lockfile'
  | 'installed';

/** Which version the user wants, who said so, and which bytes it may be. */
export interface Pin {
  readonly spec: VersionSpec;
  readonly origin: PinOrigin;
  /**
   * The lockfile found upward from the working directory, whoever named the version. It counts
   * for the version it was made for only: ask {@link lockFor}.
   */
  readonly lock: Lock | null;
}

export interface PinRequest {
  /** What the command line names; null or undefined when it names nothing. */
  readonly argument?: string | null | undefined;
  readonly env: Environment;
  readonly ecosystem: Ecosystem;
  /** Absolute; where the search for a lockfile starts. */
  readonly cwd: string;
  /** The version that the prefix has installed and healthy, or null. Asked last, if at all. */
  readonly installed?: (() => Promise<string | null>) | undefined;
}

type Resolver = (request: PinRequest, lock: Lock | null) => Promise<Omit<Pin, 'lock'> | undefined>;

const ECOSYSTEM_VARIABLE = {
  node: 'CODEX_NODE_RUNTIME_VERSION',
  python: 'CODEX_PYTHON_RUNTIME_VERSION',
} as const;

/** The first that answers wins: design order, one line each. */
const PRECEDENCE: readonly Resolver[] = [
  async ({ argument }) =>
    typeof argument === 'string'
      ? { spec: parseNamed('The version argument', argument), origin: 'argument' }
      : undefined,
  async ({ env, ecosystem }) => fromVariable(env, ECOSYSTEM_VARIABLE[ecosystem]),
  async ({ env }) => fromVariable(env, 'CODEX_RUNTIME_VERSION'),
  async (_request, lock) =>
    lock === null
      ? undefined
      : { spec: { kind: 'exact', version: parseVersion(lock.version) }, origin: 'lockfile' },
  async ({ installed }) => {
    const version = (await installed?.()) ?? null;
    return version === null
      ? undefined
      : { spec: { kind: 'exact', version: parseVersion(version) }, origin: 'installed' };
  },
];

/**
 * Which version the user wants: argument, the ecosystem's variable, `CODEX_RUNTIME_VERSION`,
 * lockfile, what is installed; the first that is set wins.
 *
 * A lockfile that is damaged is an error even where the argument names the version: passing over
 * it would drop the digests that it vouches for.
 * @throws CodexRuntimeError `PIN_INVALID` for a malformed or empty argument or variable,
 * `LOCK_INVALID` for a lockfile that cannot be trusted, `PIN_MISSING` when nothing is set.
 */
export async function resolvePin(request: PinRequest): Promise<Pin> {
  const lock = await loadLock(request.cwd);
  for (const resolver of PRECEDENCE) {
    const found = await resolver(request, lock);
    if (found !== undefined) return { ...found, lock };
  }
  throw new CodexRuntimeError('PIN_MISSING', 'No Codex version is named.', {
    hint: `Pin one with "codex-runtime pin 0.115.0", name it as the argument, or set CODEX_RUNTIME_VERSION or ${ECOSYSTEM_VARIABLE[request.ecosystem]}.`,
    fields: { cwd: request.cwd },
  });
}

function fromVariable(
  env: Environment,
  name: Extract<PinOrigin, `CODEX_${string}`>,
): Omit<Pin, 'lock'> | undefined {
  const text = env[name];
  return text === undefined ? undefined : { spec: parseNamed(name, text), origin: name };
}

/** An empty value is a mistake in a script, never a wish for another version. */
function parseNamed(source: string, text: string): VersionSpec {
  if (text.trim() === '') {
    throw new CodexRuntimeError('PIN_INVALID', `${source} is set but empty.`, {
      hint: 'Give it a version like 0.115.0, or leave it out.',
      fields: { source },
    });
  }
  try {
    return parseSpec(text);
  } catch (cause) {
    throw new CodexRuntimeError('PIN_INVALID', `${source} is "${text}", which names no version.`, {
      hint: 'Write an exact version like 0.115.0 or 0.116.0-alpha.11, a range like ^0.115.0, or latest.',
      fields: { source, version: text },
      cause,
    });
  }
}
