import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What the signals of a process have come to. */
export interface CaughtSignals {
  readonly signal: AbortSignal;
  /** 128 + the number of the signal that ended the work, as shells report it. */
  readonly exitStatus: number | undefined;
  /** Gives the signals back to the process's own handlers. */
  release(): void;
}

/** The first signal ends the work cleanly; the second ends the process. */
export function catchSignals(process: NodeJS.Process): CaughtSignals {
  const controller = new AbortController();
  let exitStatus: number | undefined;
  const onSignal = (name: (typeof SIGNALS)[number]) => {
    if (exitStatus !== undefined) process.exit(exitStatus);
    exitStatus = 128 + constants.signals[name];
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  // A file-size limit (ulimit -f) shall fail the write, which is told as a full disk, not end us.
  process.on('SIGXFSZ', () => undefined);
  return {
    signal: controller.signal,
    get exitStatus() {
      return exitStatus;
    },
    release() {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
