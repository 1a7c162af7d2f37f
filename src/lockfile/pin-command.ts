import { isUpstream } from '../pin/index.ts';
import type { Lock } from './lock.ts';

/** The command that writes a lock of this version and repository anew, for hints. */
export function pinCommand({ version, repo }: Pick<Lock, 'version' | 'repo'>): string {
  return `codex-runtime pin ${version}${isUpstream(repo) ? '' : ` --repo ${repo}`}`;
}
