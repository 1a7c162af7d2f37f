import { isCodexRuntimeError } from '../errors.ts';
import { type Reason, reasonsIn, silentSourcesHint, sourcesExhausted } from '../fetch/index.ts';
import { type Candidate, type CandidateRequest, resolveCandidates } from './candidates.ts';
import { type ChannelFailure, reportUnavailable } from './release-channel.ts';

/** Verdicts over bytes, by who sees an asset and not the release that it belongs to. */
const OVER_BYTES = [
  'ARCHIVE_REFUSED',
  'DIGEST_MISMATCH',
  'DIGEST_MISSING',
  'SIZE_MISMATCH',
] as const;

/**
 * What `bring` makes of the first candidate that can be had. Only a source that cannot deliver moves
 * on to the next: whatever else `bring` throws ends the run.
 * @throws CodexRuntimeError `SOURCES_EXHAUSTED` with every channel's reason in `fields.reasons`; what
 * resolving and `bring` throw
 */
export async function tryCandidates<T>(
  request: CandidateRequest,
  bring: (candidate: Candidate) => Promise<T>,
): Promise<T> {
  const reasons: Reason[] = [];
  const hints: (string | undefined)[] = [];
  const onFailure = ({ channel, error }: ChannelFailure) => {
    reasons.push(...reasonsIn(error, channel));
  };
  for await (const candidate of resolveCandidates({ ...request, onFailure })) {
    try {
      return await bring(candidate);
    } catch (error) {
      if (!isCodexRuntimeError(error, 'SOURCES_EXHAUSTED', 'SOURCE_UNAVAILABLE')) {
        throw withRelease(error, request, candidate);
      }
      const { channel } = candidate;
      hints.push(error.hint);
      reasons.push(...reasonsIn(error, channel));
      reportUnavailable(request.onProgress, { channel, error });
    }
  }
  const { version, target, settings } = request;
  throw sourcesExhausted(`No source could deliver Codex ${version.semver} for ${target.triple}.`, {
    reasons,
    hints: [...hints, silentSourcesHint(settings.github.repo)],
    fields: { version: version.semver, target: target.triple },
  });
}

/** Says in a verdict over bytes which version it is about, and who delivered. */
function withRelease(error: unknown, { version }: CandidateRequest, { channel }: Candidate) {
  if (!isCodexRuntimeError(error, ...OVER_BYTES) || 'version' in error.fields) return error;
  return error.with({
    message: `Codex ${version.semver} from ${channel} is refused: ${error.message}`,
    fields: { version: version.semver, channel, ...error.fields },
  });
}
