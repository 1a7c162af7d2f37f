import type { PythonOptions } from '../install/python/index.ts';
import { settingsOf } from '../request/index.ts';
import { interpreterSubject } from './python-subject.ts';
import { refuseTarget } from './subject.ts';
import { type Verification, type VerifyOptions, verifySubjects } from './verify-runtimes.ts';

export interface PythonVerifyOptions extends PythonOptions, Pick<VerifyOptions, 'handshake'> {}

/**
 * As `verifyRuntimes`, of the package in a Python environment, or in a directory with `prefix`:
 * pip itself never looks at the files again that it has installed.
 * @throws CodexRuntimeError `DAMAGED` with {@link RuntimeDamage}s in `fields.damages`;
 * `RELEASE_NOT_FOUND` when there is no package; `INSTALL_FAILED` when the interpreter does not run;
 * `LOCK_INVALID`, `PIN_INVALID`, `ABORTED`; `USAGE` for a target
 */
export async function verifyPythonRuntime(
  options: PythonVerifyOptions = {},
): Promise<Verification> {
  refuseTarget(options);
  const settings = settingsOf(options);
  return await verifySubjects([await interpreterSubject(options, settings)], options, settings);
}
