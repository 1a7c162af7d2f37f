import type { Transport } from '../transport/transport.ts';

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
 */
export class FlowControl {
  #transport: Transport;
  #calls = 0;
  #behind = 0;
  #waiting = 0;
  #unattended = 0;
  #paused = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Each counter moves by one; the pause follows at once. */
  change(counter: 'calls' | 'behind' | 'waiting' | 'unattended', by: 1 | -1): void {
    if (counter === 'calls') this.#calls += by;
    else if (counter === 'behind') this.#behind += by;
    else if (counter === 'waiting') this.#waiting += by;
    else this.#unattended += by;
    const wanted = this.#calls + this.#waiting + this.#unattended > 0;
    const pause = this.#behind > 0 && !wanted;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#transport.pause();
    else this.#transport.resume();
  }

  get paused(): boolean {
    return this.#paused;
  }
}
