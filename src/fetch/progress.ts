import type { OnProgress } from '../events.ts';

const INTERVAL_MS = 100;

/** Says how far a download is, about ten times a second; `end` always says the last state. */
export interface ProgressReporter {
  report(state: { received: number; total: number | null; resumed: number }): void;
  end(): void;
}

export function createProgressReporter(onProgress: OnProgress | undefined): ProgressReporter {
  let last = Number.NEGATIVE_INFINITY;
  let held: Parameters<ProgressReporter['report']>[0] | undefined;
  const say = () => {
    if (held === undefined) return;
    onProgress?.({ type: 'download', ...held });
    held = undefined;
    last = performance.now();
  };
  return {
    report(state) {
      held = state;
      if (performance.now() - last >= INTERVAL_MS) say();
    },
    end: say,
  };
}
