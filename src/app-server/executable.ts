import { access, constants, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { isErrno } from '../disk/errno.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { DEFAULT_PACKAGE_NAME } from '../package/stage/index.ts';
import type { Environment } from '../request/index.ts';
import { AppServerError, TransportClosedError } from './errors.ts';
import { importModule } from './import-module.ts';

export interface ExecutableRequest {
  readonly codexPath: string | undefined;
  /** Absolute; where an installed package is looked for, upward. */
  readonly cwd: string;
  readonly env: Environment;
  readonly signal: AbortSignal | undefined;
  /** Whether a runtime may be brought here: the pinned one, or one of this version. */
  readonly provision: boolean | string;
}

/**
 * The Codex to run: the path that was given, else an installed package, else the pinned runtime.
 * @throws TransportClosedError when the given path is no executable file; AppServerError when there
 * is none and none may be brought; what `ensureRuntime` throws
 */
export async function resolveExecutable(request: ExecutableRequest): Promise<string> {
  const { codexPath, cwd, provision } = request;
  const path = codexPath === undefined ? await installedExecutable(cwd) : resolve(cwd, codexPath);
  if (path !== undefined) {
    await verifyExecutable(path);
    return path;
  }
  if (provision !== false) return provisioned(request, provision);
  throw new AppServerError(`No Codex runtime is installed for ${cwd}.`, {
    hint: 'Run "codex-runtime install <version>", give codexPath, or allow provision: true.',
    fields: { cwd },
  });
}

async function provisioned(
  { cwd, env, signal }: ExecutableRequest,
  provision: true | string,
): Promise<string> {
  // Loaded only here: a client of an installed runtime needs nothing of it.
  const { ensureRuntime } = await import('../operations/ensure-runtime.ts');
  const version = provision === true ? {} : { version: provision };
  try {
    const { executable } = await ensureRuntime({ cwd, env, ...version, ...(signal && { signal }) });
    return executable;
  } catch (error) {
    if (!isCodexRuntimeError(error, 'PIN_MISSING')) throw error;
    throw new CodexRuntimeError('PIN_MISSING', error.message, {
      cause: error,
      hint: 'Name the version, provision: \'0.171.0\', or pin one with "codex-runtime pin 0.171.0".',
      fields: error.fields,
    });
  }
}

async function installedExecutable(cwd: string): Promise<string | undefined> {
  const module = findPackage(cwd);
  if (module === undefined) return undefined;
  const { codexPath } = (await importModule(module)) as { codexPath?: unknown };
  const path: unknown = typeof codexPath === 'function' ? codexPath() : undefined;
  if (typeof path === 'string') return path;
  throw new CodexRuntimeError('INSTALL_FAILED', `${module} has no codexPath().`, {
    hint: `Install ${DEFAULT_PACKAGE_NAME} again with codex-runtime.`,
    fields: { module },
  });
}

function findPackage(cwd: string): string | undefined {
  try {
    return createRequire(join(cwd, 'package.json')).resolve(DEFAULT_PACKAGE_NAME);
  } catch (error) {
    if (isErrno(error, 'MODULE_NOT_FOUND')) return undefined;
    throw error;
  }
}

async function verifyExecutable(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isFile()) throw new Error('It is not a file.');
    await access(path, constants.X_OK);
  } catch (cause) {
    throw new TransportClosedError(`${path} is not an executable file.`, {
      cause,
      hint: 'Give codexPath the path that "codex-runtime which" prints.',
      fields: { executable: path },
    });
  }
}
