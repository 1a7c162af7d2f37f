import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Handshake } from '../app-server/index.ts';
import { printedVersion } from '../child/codex-version.ts';
import { realPath } from '../disk/real-path.ts';
import { isCodexRuntimeError } from '../errors.ts';
import type { Lock } from '../lockfile/index.ts';
import { binLink, leadsToPackage } from '../place/index.ts';
import type { Environment } from '../request/index.ts';
import {
  describedFiles,
  entrypointDigest,
  executablePath,
  findDamages,
  type RuntimeDescription,
} from '../store/index.ts';
import { type Host, isNative, parseTarget } from '../target/index.ts';
import type { RuntimeDamage } from './damage.ts';
import { missingInStore, missingMembers } from './expected-members.ts';
import { shakeHands } from './shake-hands.ts';
import { strayFiles } from './stray-files.ts';
import type { StoreKey, Subject } from './subject.ts';

/** What one runtime is held to. */
export interface Expectation {
  /** Semver; null when any version will do. */
  readonly version: string | null;
  readonly lock: Lock | null;
  /** What is in the store, as far as it is looked at. */
  readonly stored: readonly RuntimeDescription[];
  /** This machine. */
  readonly host: Host;
  /** Where and in which environment to speak to the app-server; null when it is not to be spoken to. */
  readonly handshake: { readonly env: Environment; readonly home: string } | null;
  readonly signal: AbortSignal | undefined;
}

/** What looking at a runtime came to. */
export interface Inspection {
  /** Empty when it is what was verified at download. */
  readonly damages: readonly RuntimeDamage[];
  /** Null where nobody tried, or nobody answered. */
  readonly handshake: Handshake | null;
}

type Flaw = Omit<RuntimeDamage, 'dir'>;

/** Looks at everything that can be wrong with a runtime. */
export async function inspectSubject(
  subject: Subject,
  expectation: Expectation,
): Promise<Inspection> {
  const { runtime, dir, lost } = subject;
  if (lost !== null) return inspection(dir, [{ path: null, kind: 'missing' }]);
  if (runtime === null) return inspection(dir, [{ path: 'runtime.json', kind: 'manifest' }]);
  const files = await findDamages(dir, describedFiles(runtime), expectation.signal);
  const strays = await strayFiles(dir, runtime, subject.package === null);
  const flaws: readonly Flaw[] = [
    ...keyFlaws(subject, runtime),
    ...versionFlaws(runtime, expectation),
    ...lockFlaws(runtime, expectation),
    ...files,
    ...missing(subject, runtime, expectation).map((path): Flaw => ({ path, kind: 'incomplete' })),
    ...strays.map((path): Flaw => ({ path, kind: 'unexpected' })),
    ...(await linkFlaws(subject, runtime)),
  ];
  // An executable that was changed is never run.
  const wrong = files.some(({ path }) => path === runtime.entrypoint);
  const runs = !wrong && isNative(expectation.host, parseTarget(runtime.target));
  if (!runs) return inspection(dir, flaws);
  const { flaw, handshake } = await run(dir, runtime, expectation);
  return inspection(dir, flaw === null ? flaws : [...flaws, flaw], handshake);
}

function inspection(
  dir: string,
  flaws: readonly Flaw[],
  handshake: Handshake | null = null,
): Inspection {
  return { damages: flaws.map((flaw) => ({ dir, ...flaw })), handshake };
}

function missing(
  subject: Subject,
  runtime: RuntimeDescription,
  { stored }: Expectation,
): readonly string[] {
  return subject.package === null ? missingInStore(runtime, stored) : missingMembers(runtime);
}

function keyFlaws({ key }: Subject, runtime: RuntimeDescription): readonly Flaw[] {
  if (key === null) return [];
  const [expected, actual] = [placeOf(key), placeOf(runtime)];
  if (expected === actual) return [];
  return [{ path: 'runtime.json', kind: 'manifest', expected, actual }];
}

/** Below the store: `version/target/variant`. */
function placeOf({ version, target, variant }: StoreKey): string {
  return `${version}/${target}/${variant}`;
}

function versionFlaws(runtime: RuntimeDescription, { version }: Expectation): readonly Flaw[] {
  if (version === null || version === runtime.version) return [];
  return [{ path: null, kind: 'version', expected: version, actual: runtime.version }];
}

function lockFlaws(runtime: RuntimeDescription, { lock }: Expectation): readonly Flaw[] {
  const locked = lock?.version === runtime.version ? lock.targets[runtime.target] : undefined;
  const expected = locked?.entrypoint?.sha256;
  const actual = entrypointDigest(runtime);
  if (expected === undefined || actual === undefined || expected === actual) return [];
  return [{ path: runtime.entrypoint, kind: 'lock', expected, actual }];
}

async function linkFlaws(subject: Subject, runtime: RuntimeDescription): Promise<readonly Flaw[]> {
  if (subject.package === null) return [];
  const { layout, name, ecosystem } = subject.package;
  // pip makes a command of its own, a script that its RECORD covers.
  if (ecosystem === 'python' && !(await isLink(subject.dir))) return [];
  const link =
    ecosystem === 'python'
      ? join(layout.prefix, 'bin', basename(runtime.entrypoint))
      : binLink(layout, { name, executable: runtime.entrypoint });
  const executable = executablePath(subject.dir, runtime);
  const [linked, direct] = await Promise.all(
    [link, executable].map((path) => realPath(path).catch(() => undefined)),
  );
  const whole =
    ecosystem === 'node'
      ? await leadsToPackage(layout, { name, executable, runtime })
      : // pip's launcher on Windows is a program: only its presence can be checked.
        link.endsWith('.exe')
        ? linked !== undefined
        : linked === direct;
  if (whole || direct === undefined) return [];
  return [{ path: link, kind: 'link', expected: executable, actual: linked ?? 'nothing' }];
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
}

async function run(
  dir: string,
  runtime: RuntimeDescription,
  { handshake: spoken, signal }: Expectation,
): Promise<{ readonly flaw: Flaw | null; readonly handshake: Handshake | null }> {
  const { entrypoint: path, version: expected } = runtime;
  const executable = executablePath(dir, runtime);
  const flawed = (flaw: Omit<Flaw, 'path'>) => ({ flaw: { path, ...flaw }, handshake: null });
  let actual: string | null;
  try {
    actual = await printedVersion(executable, signal);
  } catch (error) {
    if (!isCodexRuntimeError(error, 'INSTALL_FAILED')) throw error;
    return flawed({
      kind: 'does-not-run',
      ...(error.hint === undefined ? {} : { actual: error.hint }),
    });
  }
  if (actual !== expected) {
    return flawed({ kind: 'version', expected, actual: actual ?? 'no version' });
  }
  if (spoken === null) return { flaw: null, handshake: null };
  const { handshake, failure } = await shakeHands({ executable, ...spoken, signal });
  if (handshake === null) return flawed({ kind: 'handshake', actual: failure });
  if (handshake.version === expected) return { flaw: null, handshake };
  return flawed({ kind: 'handshake', expected, actual: handshake.version });
}
