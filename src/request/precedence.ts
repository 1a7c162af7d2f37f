import { CodexRuntimeError, joinHints } from '../errors.ts';
import { describeIgnored, type LoadedLock } from '../lockfile/index.ts';
import { parseSpec, parseVersion, type VersionSpec } from '../pin/index.ts';
import type { Environment } from './settings.ts';

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

/** Which version the user wants, and who said so. */
export interface Pin {
  readonly spec: VersionSpec;
  readonly origin: PinOrigin;
}

export interface PinRequest {
  /** What the command line names; null or undefined when it names nothing. */
  readonly argument?: string | null | undefined;
  readonly env: Environment;
  readonly ecosystem: Ecosystem;
  readonly lockfile: LoadedLock;
  /** The version that the prefix has installed and healthy, or null. Asked last, if at all. */
  readonly installed?: (() => Promise<string | null>) | undefined;
}

type Resolver = (request: PinRequest) => Promise<Pin | undefined>;

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
  async ({ lockfile: { lock } }) =>
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
 * @throws CodexRuntimeError `PIN_INVALID` for a malformed or empty argument or variable,
 * `PIN_MISSING` when nothing is set.
 */
export async function resolvePin(request: PinRequest): Promise<Pin> {
  const { ignored, cwd } = request.lockfile;
  for (const resolver of PRECEDENCE) {
    const found = await resolver(request);
    if (found !== undefined) return found;
  }
  const pin = `Pin one with "codex-runtime pin 0.115.0", name it as the argument, or set CODEX_RUNTIME_VERSION or ${ECOSYSTEM_VARIABLE[request.ecosystem]}.`;
  throw new CodexRuntimeError('PIN_MISSING', 'No Codex version is named.', {
    hint: joinHints([...ignored.map(describeIgnored), pin]),
    fields: { cwd, ignored },
  });
}

function fromVariable(
  env: Environment,
  name: Extract<PinOrigin, `CODEX_${string}`>,
): Pin | undefined {
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
  } catch (error) {
    if (!(error instanceof CodexRuntimeError)) throw error;
    throw error.with({
      message: `${source} is "${text}", which is not a Codex version.`,
      fields: { source, version: text },
    });
  }
}
