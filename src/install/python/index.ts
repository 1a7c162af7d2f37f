export { tidyDirectory, verifyDirectory } from './directory.ts';
export {
  environmentFlags,
  noPythonPackage,
  type PythonEnvironment,
  type PythonOptions,
  pythonEnvironment,
} from './environment.ts';
export {
  environmentPrefix,
  installedDistribution,
  installedPythonRuntime,
} from './installed-python.ts';
export { installPythonPackage, uninstallPythonPackage } from './pip.ts';
export { removeFromDirectory } from './remove-from-directory.ts';
