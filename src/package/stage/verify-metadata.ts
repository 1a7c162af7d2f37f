import { parsePackageName } from './package-names.ts';
import { repositoryUrl } from './repository-url.ts';

/**
 * Refuses what no package can say of itself, before anything is fetched for one.
 * @throws CodexRuntimeError `USAGE`
 */
export function verifyMetadata(metadata: {
  readonly name?: string | undefined;
  readonly repository?: string | undefined;
}): void {
  if (metadata.name !== undefined) parsePackageName(metadata.name);
  repositoryUrl(metadata.repository);
}
