import { stat } from 'node:fs/promises';
import { asJsonObject, tryParseJson } from '../../json.ts';
import { tryParseVersion } from '../../pin/index.ts';
import type { PythonEnvironment } from './environment.ts';
import { notStarted, runPython } from './run-python.ts';

/** A runtime package as the interpreter itself sees it. */
export interface InstalledPython {
  /** As `importlib.metadata` says it. */
  readonly version: string;
  /** Absolute path of the native executable. */
  readonly executable: string;
  /** The directory of the runtime tree. */
  readonly dir: string;
  /** The environment, or the target directory. */
  readonly prefix: string;
  /** Absolute path of the interpreter, in a virtual environment its own. */
  readonly interpreter: string;
}

/**
 * The version that the metadata says and the directory that it lies in, whether or not the package
 * is complete; null where there is none.
 * @throws CodexRuntimeError `INSTALL_FAILED` when the interpreter does not run
 */
export async function installedDistribution(
  environment: PythonEnvironment,
): Promise<{ readonly version: string; readonly dir: string } | null> {
  const { names, prefix } = environment;
  const args = ['-c', READ_METADATA, names.distribution, prefix ?? ''];
  const { status, stdout } = await runPython(environment, args);
  const [version, dir] = stdout.split('\n');
  return status === 0 && version !== undefined && dir !== undefined ? { version, dir } : null;
}

/**
 * What the interpreter has installed, complete and importable; null where there is nothing.
 * @throws CodexRuntimeError `INSTALL_FAILED` when the interpreter does not run
 */
export async function installedPythonRuntime(
  environment: PythonEnvironment,
): Promise<InstalledPython | null> {
  const { names, prefix } = environment;
  const { status, stdout } = await runPython(environment, [
    '-c',
    READ_BACK,
    names.distribution,
    names.importName,
    prefix ?? '',
  ]);
  if (status !== 0) return null;
  const found = parseInstalled(stdout);
  if (found === null || !(await stat(found.executable).catch(() => null))) return null;
  return found;
}

/**
 * The directory of the interpreter's own environment.
 * @throws CodexRuntimeError `INSTALL_FAILED` when the interpreter does not run
 */
export async function environmentPrefix(environment: PythonEnvironment): Promise<string> {
  const { status, stdout } = await runPython(environment, ['-c', 'import sys; print(sys.prefix)']);
  const prefix = stdout.trim();
  if (status === 0 && prefix !== '') return prefix;
  throw notStarted(environment.python);
}

/** Whether two spellings are one PEP 440 version. */
export function samePep440(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => tryParseVersion(text)?.pep440 ?? null);
  return left !== null && left === right;
}

// Values come as arguments, never inside the program. The working directory must not be imported from.
const READ_BACK = `
import sys
sys.dont_write_bytecode = True
distribution, module, prefix = sys.argv[1:4]
sys.path[:] = ([prefix] if prefix else []) + [entry for entry in sys.path if entry]
import importlib, importlib.metadata, json, pathlib
package = importlib.import_module(module)
# The package resolves links; what is shown is the path that stays the same after an upgrade.
here = pathlib.Path(package.__file__).absolute().parent
def shown(path):
    try:
        return str(here / path.relative_to(here.resolve()))
    except ValueError:
        return str(path)
print(json.dumps({
    "version": importlib.metadata.version(distribution),
    "executable": shown(package.bundled_codex_path()),
    "dir": shown(package.bundled_package_dir()),
    "prefix": prefix or sys.prefix,
    "interpreter": sys.executable,
}))
`;

const READ_METADATA = `
import sys
distribution, prefix = sys.argv[1:3]
path = [prefix] if prefix else [entry for entry in sys.path if entry]
import importlib.metadata
for found in importlib.metadata.distributions(name=distribution, path=path):
    print(found.version, found.locate_file(""), sep="\\n")
    break
else:
    sys.exit(1)
`;

function parseInstalled(text: string): InstalledPython | null {
  const { version, executable, dir, prefix, interpreter } = asJsonObject(tryParseJson(text));
  if (typeof version !== 'string' || typeof executable !== 'string') return null;
  if (typeof dir !== 'string' || typeof prefix !== 'string') return null;
  if (typeof interpreter !== 'string') return null;
  return { version, executable, dir, prefix, interpreter };
}
