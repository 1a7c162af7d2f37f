import { dirname } from 'node:path';
import { formatSpec, isUpstream } from '../pin/index.ts';
import type { ExactRequest, Request } from '../request/index.ts';

/**
 * Turns a range, `latest` or `alpha` into the version that it means now (offline: the newest that
 * the store has), and says by whose word another binary than upstream's may run.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND`, `SOURCES_EXHAUSTED`, `OFFLINE`, and what
 * {@link Request.at} throws
 */
export async function exactRequest(request: Request): Promise<ExactRequest> {
  const { spec } = request.pin;
  const exact = spec.kind === 'exact' ? request.at(spec.version) : await decided(request);
  const { lock, lockPath, settings, onProgress } = exact;
  const { repo } = settings.github;
  if (lock !== null && lockPath !== null) {
    const here = dirname(lockPath) === settings.cwd;
    onProgress?.({ type: 'lockfile', path: lockPath, version: lock.version, repo, here });
  }
  if (!isUpstream(repo)) onProgress?.({ type: 'repository', repo });
  return exact;
}

/** Only a moving name needs the network and what speaks to it. */
async function decided(request: Request): Promise<ExactRequest> {
  const { spec } = request.pin;
  const exact = request.offline
    ? await (await import('../store/offline.ts')).newestStored(request, request.at)
    : request.at(await (await import('../channels/index.ts')).resolveVersion({ ...request, spec }));
  const { semver: version } = exact.version;
  request.onProgress?.({ type: 'version', spec: formatSpec(spec), version });
  return exact;
}
