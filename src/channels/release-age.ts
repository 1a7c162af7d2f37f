import { npmReleaseAge } from '../fetch/npm/index.ts';
import { ageRule, isUpstream, type ReleaseAge } from '../pin/index.ts';
import type { Settings } from '../request/index.ts';

/**
 * How old a release has to be, whichever channel has it: as the flag says, else the variable, else
 * npm's configuration, with its exemptions for upstream's package. Null where nobody asks for an age.
 * @throws CodexRuntimeError `USAGE` for a configuration of npm's that cannot be understood
 */
export async function releaseAgeFor(
  settings: Pick<Settings, 'env' | 'cwd' | 'npmPackage' | 'minReleaseAge' | 'github'>,
): Promise<ReleaseAge | null> {
  if (settings.minReleaseAge !== null) return ageRule(settings.minReleaseAge);
  // A fork is another package than the one that npm's configuration exempts.
  const exempt = isUpstream(settings.github.repo) ? settings.npmPackage : null;
  return await npmReleaseAge(settings, exempt);
}
