import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { printedVersion } from '../check-version.ts';
import { isCodexRuntimeError } from '../errors.ts';
import { binLink } from '../install/index.ts';
import type { Lock } from '../pin/index.ts';
import { entrypointDigest, type RuntimeDescription, verifyFiles } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import type { RuntimeDamage } from './damage.ts';
import { missingMembers } from './expected-members.ts';
import { strayFiles } from './stray-files.ts';
import type { Subject } from './subject.ts';

/** What one runtime is held to. */
export interface Expectation {
  /** Semver; null when any version will do. */
  readonly version: string | null;
  readonly lock: Lock | null;
  /** This machine's target; null where it has none. */
  readonly host: Triple | null;
  readonly signal?: AbortSignal;
}

type Flaw = Omit<RuntimeDamage, 'dir'>;

/** Everything that is wrong with a runtime; empty when it is what was verified at download. */
export async function damagesOf(
  subject: Subject,
  expectation: Expectation,
): Promise<readonly RuntimeDamage[]> {
  const flaws = await flawsOf(subject, expectation);
  return flaws.map((flaw) => ({ dir: subject.dir, ...flaw }));
}

async function flawsOf(subject: Subject, expectation: Expectation): Promise<readonly Flaw[]> {
  const { runtime, dir } = subject;
  if (runtime === null) return [{ path: 'runtime.json', kind: 'manifest' }];
  const files = await verifyFiles(dir, runtime.files, expectation.signal);
  const strays = await strayFiles(dir, runtime.files, subject.package === null);
  const fixed: readonly Flaw[] = [
    ...keyFlaws(subject, runtime),
    ...versionFlaws(runtime, expectation),
    ...lockFlaws(runtime, expectation),
    ...files,
    ...missingMembers(runtime).map((path): Flaw => ({ path, kind: 'incomplete' })),
    ...strays.map((path): Flaw => ({ path, kind: 'unexpected' })),
    ...(await linkFlaws(subject, runtime)),
  ];
  // Bytes that are not the verified ones are not run.
  const safe = !files.some(({ path }) => path === runtime.entrypoint);
  return safe ? [...fixed, ...(await runFlaws(dir, runtime, expectation))] : fixed;
}

function keyFlaws({ key }: Subject, runtime: RuntimeDescription): readonly Flaw[] {
  const actual = `${runtime.version}/${runtime.target}/${runtime.variant}`;
  if (key === null || key === actual) return [];
  return [{ path: 'runtime.json', kind: 'manifest', expected: key, actual }];
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
  const { layout, name } = subject.package;
  const link = binLink(layout, { name, executable: runtime.entrypoint });
  const executable = join(subject.dir, ...runtime.entrypoint.split('/'));
  const [linked, direct] = await Promise.all(
    [link, executable].map((path) => realpath(path).catch(() => undefined)),
  );
  // A Windows shim is a script: whether it is there is all that can be told.
  const whole = link.endsWith('.cmd') ? linked !== undefined : linked === direct;
  if (whole || direct === undefined) return [];
  return [{ path: link, kind: 'link', expected: executable, actual: linked ?? 'nothing' }];
}

async function runFlaws(
  dir: string,
  runtime: RuntimeDescription,
  { host, signal }: Expectation,
): Promise<readonly Flaw[]> {
  if (runtime.target !== host) return [];
  const path = runtime.entrypoint;
  try {
    const actual = await printedVersion(join(dir, ...path.split('/')), signal);
    if (actual === runtime.version) return [];
    return [{ path, kind: 'version', expected: runtime.version, actual: actual ?? 'no version' }];
  } catch (error) {
    if (!isCodexRuntimeError(error, 'INSTALL_FAILED')) throw error;
    return [{ path, kind: 'does-not-run' }];
  }
}
