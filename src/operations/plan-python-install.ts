import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import {
  environmentFlags,
  installedDistribution,
  type PythonEnvironment,
  type PythonOptions,
  pythonEnvironment,
} from '../install/python/index.ts';
import { type ExactRequest, exactRequest, openRequest, settingsOf } from '../request/index.ts';
import { isWantedOutside } from '../store/index.ts';
import { isNative } from '../target/index.ts';
import { loadComplete, type PresentPython } from './present-python.ts';

/** What is wanted of a Python environment, and whether it is there. */
export interface PythonPlan {
  readonly environment: PythonEnvironment;
  readonly request: ExactRequest;
  /** What Python has, if that will do; null when the runtime has to come. */
  readonly present: PresentPython | null;
}

/**
 * Looks at what Python has and decides whether an installation has anything to do; changes nothing,
 * and asks the network only what a range or a moving name means.
 * @throws CodexRuntimeError as completing a request does; `UNSUPPORTED_PLATFORM` for what the
 * environment cannot hold; `INSTALL_FAILED` when the interpreter does not run
 */
export async function planPythonInstall(options: PythonOptions): Promise<PythonPlan> {
  const settings = settingsOf(options);
  const environment = await pythonEnvironment(options, settings);
  const found = await loadComplete(environment);
  const named = openRequest(
    { ...options, ecosystem: 'python' },
    settings,
    async () => found?.runtime ?? null,
  );
  const request = await exactRequest(
    await named.catch(async (error: unknown) => {
      throw found === null ? await withDamaged(error, environment) : error;
    }),
  );
  const { force } = request;
  if (found !== null && !force && (await isWantedOutside(settings.home, found.runtime, request))) {
    return { environment, request, present: found };
  }
  refuseForeign(request, environment);
  return { environment, request, present: null };
}

/** A damaged package does not decide the version, but the error says which one is there. */
async function withDamaged(error: unknown, environment: PythonEnvironment): Promise<unknown> {
  if (!isCodexRuntimeError(error, 'PIN_MISSING')) return error;
  const lost = await installedDistribution(environment);
  if (lost === null) return error;
  const name = environment.names.distribution;
  const command = ['codex-runtime install', lost.version, ...environmentFlags(environment)].join(
    ' ',
  );
  return error.with({
    message: `No Codex version is named, and ${name} ${lost.version} in ${lost.dir} is damaged or was not installed by codex-runtime.`,
    hint: `Run "${command}" to install it again.`,
    fields: { installed: lost.version, dir: lost.dir },
  });
}

/**
 * pip puts another platform's wheel only into a directory of its own.
 * @throws CodexRuntimeError `UNSUPPORTED_PLATFORM`
 */
function refuseForeign(request: ExactRequest, { prefix }: PythonEnvironment): void {
  if (prefix !== null || isNative(request.settings.host, request.target)) return;
  throw new CodexRuntimeError(
    'UNSUPPORTED_PLATFORM',
    `A Python environment of this machine cannot hold Codex for ${request.target.triple}.`,
    {
      hint: 'Name a directory for it with --prefix.',
      fields: { target: request.target.triple },
    },
  );
}
