import { DEFAULT_REPO } from '../settings.ts';
import type { Lock } from './lockfile.ts';

/** The command that writes a lock of this version and repository anew, for hints. */
export function pinCommand({ version, repo }: Pick<Lock, 'version' | 'repo'>): string {
  return `codex-runtime pin ${version}${repo === DEFAULT_REPO ? '' : ` --repo ${repo}`}`;
}
