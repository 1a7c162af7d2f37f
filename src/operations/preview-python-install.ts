import { environmentPrefix, type PythonOptions } from '../install/python/index.ts';
import { notStored } from '../offline.ts';
import { findStored } from '../store/index.ts';
import { planPythonInstall } from './plan-python-install.ts';
import type { InstallPreview } from './preview-install.ts';
import { resolveExact } from './resolve-runtime.ts';

/**
 * Decides what `installPythonRuntime` would do, and does nothing: Python is asked what it has, and
 * pip is not run.
 * @throws CodexRuntimeError as resolving does; `INSTALL_FAILED` when the interpreter does not run;
 * `UNSUPPORTED_PLATFORM`
 */
export async function previewPythonInstall(options: PythonOptions): Promise<InstallPreview> {
  const { environment, request, present } = await planPythonInstall(options);
  const prefix = environment.prefix ?? (await environmentPrefix(environment));
  const { target, version, settings, force } = request;
  const preview = { version: version.semver, target: target.triple, prefix };
  const what = `Codex ${version.semver} for ${target.triple}`;
  if (present !== null) {
    const summary = `${what} is installed in ${prefix}; nothing to do.`;
    return { ...preview, action: 'none', resolution: null, summary };
  }
  const into = `let pip of ${environment.python} install ${what} into ${prefix}`;
  if (!force && (await findStored(settings.home, request)) !== undefined) {
    const summary = `Would take it from the store and ${into}.`;
    return { ...preview, action: 'link', resolution: null, summary };
  }
  if (request.offline) throw notStored(request);
  const resolution = await resolveExact(request);
  const summary = `Would download ${resolution.asset.name} from ${resolution.channel} and ${into}.`;
  return { ...preview, action: 'download', resolution, summary };
}
