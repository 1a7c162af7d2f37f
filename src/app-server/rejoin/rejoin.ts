import { anySignal } from '../../abort.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { abortable } from '../connection/abortable.ts';
import { AbortedError, ProtocolError, TransportClosedError } from '../errors.ts';
import type { Transport } from '../transport/transport.ts';
import type { ConnectionEvent, RejoinOptions, ThreadOutcome } from './connection-event.ts';

/** A connection that lasted so long is a good one: the next cut has all attempts again. */
const STABLE_MS = 10_000;
/** How long one attempt may take. */
const ATTEMPT_MS = 30_000;

/** What joining again does with its client. */
export interface Rejoining {
  /** Makes another way to the server. */
  open(signal: AbortSignal): Promise<Transport>;
  /** Introduces the client over it and resumes the threads. */
  resume(transport: Transport, signal: AbortSignal): Promise<ThreadOutcome[]>;
  /** The client may be used again, unless it was cut off once more. */
  reopen(): boolean;
  giveUp(reason: TransportClosedError): void;
  tell(event: ConnectionEvent): void;
}

/** Joins a listener again after a cut: a bounded number of times, with growing delays. */
export class Rejoiner {
  readonly #options: RejoinOptions;
  readonly #work: Rejoining;
  readonly #closed = new AbortController();
  #attempts = 0;
  #joinedAt = performance.now();

  constructor(options: RejoinOptions, work: Rejoining) {
    this.#options = options;
    this.#work = work;
  }

  /** The client was closed: no attempt is made any more. */
  close(): void {
    this.#closed.abort();
  }

  /** Resolves when the client is joined again or was given up; never rejects. */
  async run(reason: TransportClosedError): Promise<void> {
    const work = this.#work;
    const cutAt = performance.now();
    if (cutAt - this.#joinedAt > STABLE_MS) this.#attempts = 0;
    work.tell({ kind: 'cut', reason });
    const signal = anySignal(this.#closed.signal, this.#options.signal);
    try {
      let threads = await this.#attempt(signal, reason);
      while (!work.reopen()) threads = await this.#attempt(signal, reason);
      this.#joinedAt = performance.now();
      const missedMs = Math.round(this.#joinedAt - cutAt);
      work.tell({ kind: 'rejoined', attempts: this.#attempts, missedMs, threads });
    } catch (cause) {
      if (this.#closed.signal.aborted) return;
      const why = givenUp(reason, cause, this.#attempts);
      work.giveUp(why);
      work.tell({ kind: 'gaveUp', reason: why });
    }
  }

  async #attempt(signal: AbortSignal, reason: TransportClosedError): Promise<ThreadOutcome[]> {
    const { maxAttempts = 10, initialDelayMs = 100, maxDelayMs = 5_000 } = this.#options;
    let last: unknown = reason;
    while (this.#attempts < maxAttempts) {
      const delayMs = Math.min(initialDelayMs * 2 ** this.#attempts, maxDelayMs);
      this.#attempts += 1;
      this.#work.tell({ kind: 'attempt', attempt: this.#attempts, delayMs });
      await pause(delayMs, signal);
      const limited = anySignal(signal, AbortSignal.timeout(ATTEMPT_MS));
      try {
        const transport = await this.#work.open(limited);
        try {
          return await this.#work.resume(transport, limited);
        } catch (error) {
          void transport.close(new TransportClosedError('This attempt failed.'));
          throw error;
        }
      } catch (error) {
        if (signal.aborted || isFinal(error)) throw error;
        last = error;
      }
    }
    throw last;
  }
}

/** Another attempt would meet the same: a server of another version, or none of Codex. */
function isFinal(error: unknown): boolean {
  if (error instanceof ProtocolError) return true;
  return error instanceof CodexRuntimeError && error.code === 'VERSION_MISMATCH';
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await abortable(waited, signal, 'Joining again').finally(() => clearTimeout(timer));
}

function givenUp(
  reason: TransportClosedError,
  cause: unknown,
  attempts: number,
): TransportClosedError {
  const aborted = cause instanceof AbortedError;
  const why = aborted
    ? 'joining again was aborted'
    : `it could not be joined again (${attempts} attempts)`;
  return new TransportClosedError(`${reason.message} Then ${why}.`, {
    cause,
    hint: reason.hint,
    fields: { ...reason.fields, attempts },
  });
}
