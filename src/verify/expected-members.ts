import gte from 'semver/functions/gte.js';
import type { RuntimeDescription } from '../store/index.ts';
import { parseTarget, type Target } from '../target/index.ts';

/**
 * The first version whose executable needs its siblings: without them code mode fails closed.
 * Source: release notes of openai/codex; seen in the packages of 0.142.0, 0.156.0 and 0.169.0.
 */
const NEEDS_SIBLINGS = '0.153.0';

/** Files without which this version of Codex does not do all that it can. */
function expectedMembers(version: string, target: Target): readonly string[] {
  if (!gte(version, NEEDS_SIBLINGS)) return [];
  const exe = target.exeSuffix;
  const resources =
    target.os === 'linux'
      ? ['bwrap']
      : target.os === 'win32'
        ? ['codex-command-runner.exe', 'codex-windows-sandbox-setup.exe']
        : [];
  return [
    `bin/codex-code-mode-host${exe}`,
    `codex-path/rg${exe}`,
    ...resources.map((name) => `codex-resources/${name}`),
  ];
}

/** The expected members that a runtime came without, e.g. because it is the bare binary. */
export function missingMembers(runtime: RuntimeDescription): readonly string[] {
  const present = new Set(runtime.files.map(({ path }) => path));
  const expected = expectedMembers(runtime.version, parseTarget(runtime.target));
  return expected.filter((path) => !present.has(path));
}

/**
 * As {@link missingMembers}, of a runtime in the store. A bare binary that is stored beside the
 * complete runtime lacks nothing.
 * @param stored the runtimes of the store, this one or not
 */
export function missingInStore(
  runtime: RuntimeDescription,
  stored: readonly RuntimeDescription[],
): readonly string[] {
  const isComplete = stored.some(
    (other) =>
      other.version === runtime.version &&
      other.target === runtime.target &&
      missingMembers(other).length === 0,
  );
  return isComplete ? [] : missingMembers(runtime);
}
