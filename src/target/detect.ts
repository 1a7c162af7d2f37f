import type { Host } from './host.ts';

/** The machine that this process runs on. */
export function detectHost(): Host {
  const { platform, arch } = process;
  return { platform, arch, rosetta: platform === 'darwin' && arch === 'x64' && isTranslated() };
}

/** Apple's own test for a process under Rosetta; the key does not exist on Intel machines. */
function isTranslated(): boolean {
  try {
    // Fetched here: every run asks for the host, and only this kind of it needs a child process.
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    const answer = execFileSync('/usr/sbin/sysctl', ['-n', 'sysctl.proc_translated'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return answer.trim() === '1';
  } catch {
    return false;
  }
}
