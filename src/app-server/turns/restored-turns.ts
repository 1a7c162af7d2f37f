import type { Notification } from '../connection/notification.ts';
import type { ResumedTurn } from '../rejoin/resume-threads.ts';
import { endOf, type RunningTurn, type TurnEnd } from './running-turn.ts';

/** How long a turn's usage may come after the answer that told its end. */
const USAGE_MS = 250;
/** How often a turn that is told as interrupted is looked at again. */
const REREADS = 8;

/** What the server tells of a turn now; undefined when it knows nothing of it. */
export type Reread = (turnId: string) => Promise<ResumedTurn | undefined>;

/** Turns that went on, or ended, while the connection was cut: what was missed is told afterwards. */
export class RestoredTurns {
  readonly #finish: (turn: RunningTurn, end: TurnEnd) => void;
  /** Their usage may come behind the answer. */
  readonly #ending = new Map<RunningTurn, () => void>();

  constructor(finish: (turn: RunningTurn, end: TurnEnd) => void) {
    this.#finish = finish;
  }

  /** A turn's items that nobody here has seen complete. Returns their ids. */
  pushMissing(turn: RunningTurn, { id: turnId, items }: ResumedTurn): string[] {
    const { threadId } = turn;
    return turn.missing(items).map((item) => {
      const params = { threadId, turnId, item, completedAtMs: Date.now() };
      push(turn, { method: 'item/completed', params } as Notification);
      return item.id;
    });
  }

  /**
   * Ends a turn as a resumed thread tells it. A server that has not stored the end yet calls the turn
   * interrupted: it is asked again, unless the end comes by itself.
   */
  end(turn: RunningTurn, told: ResumedTurn, reread: Reread | undefined, times = 0): void {
    if (turn.isOver) return;
    const end = () => {
      clearTimeout(timer);
      this.#ending.delete(turn);
      if (turn.isOver) return;
      this.pushMissing(turn, told);
      const params = { threadId: turn.threadId, turn: told };
      push(turn, { method: 'turn/completed', params } as Notification);
      this.#finish(turn, endOf(told.status));
    };
    const doubtful = told.status === 'interrupted' && reread !== undefined && times < REREADS;
    const again = () => {
      reread?.(told.id).then(
        (now) => this.end(turn, now ?? told, reread, times + 1),
        () => end(),
      );
    };
    const timer = setTimeout(doubtful ? again : end, USAGE_MS);
    if (!doubtful) this.#ending.set(turn, end);
  }

  /** The usage of a turn has come, which was all that its end waited for. */
  usageCame(turn: RunningTurn): void {
    this.#ending.get(turn)?.();
  }
}

function push(turn: RunningTurn, notification: Notification): void {
  turn.push(notification, JSON.stringify(notification).length);
}
