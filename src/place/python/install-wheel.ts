import { packLocalWheel } from '../../package/pack/index.ts';
import { planPackage } from '../../package/stage/index.ts';
import { inWorkDirectory } from '../../store/index.ts';
import { isNative } from '../../target/index.ts';
import type { PlaceRequest } from '../place.ts';
import type { PythonEnvironment } from './environment.ts';
import { installPythonPackage } from './pip.ts';

/**
 * Makes a wheel of a runtime and lets pip install it. The wheel lies beside the store: it has the size
 * of its runtime, which temporary directories may not have.
 * @throws CodexRuntimeError `PIN_INVALID` for a version without a PEP 440 form; `INSTALL_FAILED`
 * with pip's words; `VERSION_MISMATCH`
 */
export async function installWheel(
  environment: PythonEnvironment,
  { request, runtime, templatesDir, onWait }: PlaceRequest,
): Promise<void> {
  const { settings, target, signal, onProgress } = request;
  onProgress?.({ type: 'pip', python: environment.python });
  const name = environment.names.distribution;
  const plan = await planPackage({ runtime, ecosystem: 'python', name, templatesDir });
  const { home } = settings;
  await inWorkDirectory({ home, kind: 'wheel', signal }, async (directory) =>
    installPythonPackage({
      ...environment,
      wheel: await packLocalWheel(plan, directory, signal),
      version: plan.version,
      entrypoint: runtime.manifest.entrypoint,
      foreignTarget: isNative(settings.host, target) ? null : target,
      onWait,
    }),
  );
}
