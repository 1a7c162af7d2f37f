import type { Host } from './host.ts';

/**
 * The machine that this process runs on. Elsewhere than on macOS a translated Node counts as what it
 * says: the translation that runs it runs the same kind of Codex.
 * @param askSysctl what `sysctl.proc_translated` is, on macOS
 */
export function detectHost(
  { platform, arch }: Pick<Host, 'platform' | 'arch'> = process,
  askSysctl = sysctl,
): Host {
  const rosetta = platform === 'darwin' && arch === 'x64' && isTranslated(askSysctl);
  return { platform, arch, rosetta };
}

/** Apple's own test for a process under Rosetta; the key does not exist on Intel machines. */
function isTranslated(askSysctl: () => string): boolean {
  try {
    return askSysctl().trim() === '1';
  } catch {
    return false;
  }
}

function sysctl(): string {
  // Fetched here: every run asks for the host, and only this kind of it needs a child process.
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  return execFileSync('/usr/sbin/sysctl', ['-n', 'sysctl.proc_translated'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
