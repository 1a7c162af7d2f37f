import { join } from 'node:path';
import { RETRY_POLICY } from '../../src/fetch/http/index.ts';
import { openPartial } from '../../src/fetch/partial.ts';
import type {
  ProgressReporter,
  TransferState,
  TransferTuning,
} from '../../src/fetch/transfer-state.ts';
import { createVerifier } from '../../src/fetch/verifier.ts';
import type { DownloadFixture } from './download-fixture.ts';

/** So patient that nothing happens because of time. */
const PATIENT: TransferTuning = {
  retry: RETRY_POLICY,
  stall: 600_000,
  lowSpeedLimit: 1,
  lowSpeedTime: 600_000,
  lanes: 4,
  measure: 600_000,
  worthwhile: 600_000,
};

/** What a transfer has said of its progress. */
type Report = Parameters<ProgressReporter['report']>[0];

/** A transfer of the fixture's content that has nothing yet, and what its consumer was given. */
export async function transferState(
  fixture: DownloadFixture,
  {
    signal = new AbortController().signal,
    ...tuning
  }: Partial<TransferTuning> & { signal?: AbortSignal } = {},
): Promise<{
  readonly state: TransferState;
  readonly taken: readonly Buffer[];
  readonly reports: readonly Report[];
}> {
  const asset = fixture.asset([]);
  const taken: Buffer[] = [];
  const reports: Report[] = [];
  const state: TransferState = {
    asset,
    partial: await openPartial(join(fixture.home, 'partial', 'one')),
    verifier: createVerifier(asset),
    sink: {
      push(chunk) {
        taken.push(chunk);
        return undefined;
      },
    },
    edition: null,
    total: asset.size,
    fetched: 0,
    resumed: 0,
    pieced: false,
    progress: { report: (report) => reports.push(report), end: () => undefined },
    onProgress: undefined,
    tuning: { ...PATIENT, ...tuning },
    signal,
  };
  return { state, taken, reports };
}
