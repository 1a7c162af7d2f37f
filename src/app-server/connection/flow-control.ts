import type { Transport } from '../transport/transport.ts';

export type FlowCounter = 'calls' | 'behind' | 'waiting' | 'unattended' | 'crowded';

/**
 * Decides when to stop reading from the server. All turns share one pipe, so a pause for one slow
 * reader holds back everything behind it; hence the rule: pause only while nobody waits for what
 * only reading can bring. Reading goes on when any of these holds:
 *
 * - no reader is behind (has more unread than the soft limit);
 * - a call waits for its answer;
 * - a reader waits for its next event;
 * - a running turn has no reader, so its approvals and notifications reach callbacks only.
 *
 * What still arrives for a reader that is behind is kept up to the hard limit of its
 * `EventQueue`, then let go and reported by `EventsLostError`. So memory is bounded in every case,
 * and nothing is lost as long as the slow reader is the only one that wants something.
 * What remains is a loop body that itself waits for a callback about a later message: it must not.
 *
 * Besides, reading pauses for a moment while the server leaves much unread of what it was sent: see
 * `Outbox`.
 */
export class FlowControl {
  #transport: Transport;
  readonly #counts: Record<FlowCounter, number> = {
    calls: 0,
    behind: 0,
    waiting: 0,
    unattended: 0,
    crowded: 0,
  };
  #paused = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Each counter moves by one; the pause follows at once. */
  change(counter: FlowCounter, by: 1 | -1): void {
    const counts = this.#counts;
    counts[counter] += by;
    const wanted = counts.calls + counts.waiting + counts.unattended > 0;
    const pause = counts.crowded > 0 || (counts.behind > 0 && !wanted);
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#transport.pause();
    else this.#transport.resume();
  }

  /** The way to the server is another one now. */
  use(transport: Transport): void {
    this.#transport = transport;
    if (this.#paused) transport.pause();
  }

  get paused(): boolean {
    return this.#paused;
  }
}
