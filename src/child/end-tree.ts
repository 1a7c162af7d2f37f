import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * Asks a child to end. Windows knows no asking: it ends one process, and what that one has started
 * would go on with nobody to end it. So there taskkill ends all of them, as long as the child is
 * alive and its children can be found by it.
 *
 * @param env the child's: its SystemRoot is where Windows is
 * @param platform Node's `process.platform`
 */
export function endTree(
  child: ChildProcess,
  env: Readonly<Record<string, string | undefined>>,
  platform: string = process.platform,
): void {
  const { pid, exitCode, signalCode } = child;
  if (platform !== 'win32' || pid === undefined || exitCode !== null || signalCode !== null) {
    child.kill('SIGTERM');
    return;
  }
  const alone = () => child.kill('SIGTERM');
  const taskkill = spawn(taskkillPath(env), ['/pid', String(pid), '/t', '/f'], {
    env: {},
    stdio: 'ignore',
    windowsHide: true,
  });
  taskkill.once('error', alone);
  taskkill.once('exit', (status) => {
    if (status !== 0) alone();
  });
}

/** By its full path: a name alone would be looked for in the working directory first. */
function taskkillPath(env: Readonly<Record<string, string | undefined>>): string {
  const name = Object.keys(env).find((key) => key.toUpperCase() === 'SYSTEMROOT');
  const root = (name === undefined ? undefined : env[name]) ?? 'C:\\Windows';
  return join(root, 'System32', 'taskkill.exe');
}
