import type { ToolContext } from '../app-server/index.ts';
import { type Cell, LateController, type ToolCall } from './cell.ts';
import type { GuestEvent, GuestMessage } from './protocol.ts';
import type { ToolSurface } from './tool.ts';

/** Calls of a yielded script that are remembered for its restoration, before old ones are let go. */
const MAX_REMEMBERED = 10_000;

/**
 * Runs the tools that scripts call, and sends the answers that are ready at one time in one message.
 *
 * A restored script makes the calls again that it made since its snapshot. Such a call, with the
 * same number, tool and input, gets the first one's answer: a tool runs once.
 */
export class ToolRunner {
  readonly #surface: ToolSurface;
  readonly #deliver: (cell: number, body: string) => void;
  readonly #outbox = new Map<Cell, { id: number; call: ToolCall; json: string }[]>();

  constructor(surface: ToolSurface, deliver: (cell: number, body: string) => void) {
    this.#surface = surface;
    this.#deliver = deliver;
  }

  call(cell: Cell, { id, tool, input }: Extract<GuestEvent, { t: 'call' }>): void {
    const known = cell.calls.get(id);
    const json = JSON.stringify(input);
    if (known !== undefined && known.tool === tool && known.input === json) {
      if (known.answer !== undefined) this.#send(cell, id, known, known.answer);
      return;
    }
    known?.controller.abort();
    const call: ToolCall = {
      tool,
      input: json,
      controller: new LateController(),
      answer: undefined,
      isDelivered: false,
    };
    cell.calls.set(id, call);
    void this.#run(cell, id, call, input);
  }

  /** A restored script waits for `ids`: what is known is told again, what is not can never come. */
  repeat(cell: Cell, ids: readonly number[]): void {
    for (const id of ids) {
      const call = cell.calls.get(id);
      if (call?.answer !== undefined) this.#send(cell, id, call, call.answer);
    }
  }

  async #run(cell: Cell, id: number, call: ToolCall, input: unknown): Promise<void> {
    const answer = await this.#answerOf(id, call, { input, context: contextOf(cell, id, call) });
    if (cell.isOver || cell.calls.get(id) !== call) return;
    call.answer = answer;
    this.#send(cell, id, call, answer);
  }

  async #answerOf(
    id: number,
    { tool }: ToolCall,
    { input, context }: { readonly input: unknown; readonly context: ToolContext },
  ): Promise<string> {
    try {
      const value = await this.#surface.run(tool, input, context);
      const json = JSON.stringify(value === undefined ? null : value);
      if (json === undefined)
        throw new TypeError(`${tool} returned a value that JSON cannot hold.`);
      return `{"t":"answer","id":${id},"value":${json}}`;
    } catch (error) {
      const failure: GuestMessage = { t: 'failure', id, error: textOf(error) };
      return JSON.stringify(failure);
    }
  }

  #send(cell: Cell, id: number, call: ToolCall, json: string): void {
    const waiting = this.#outbox.get(cell);
    if (waiting !== undefined) {
      waiting.push({ id, call, json });
      return;
    }
    this.#outbox.set(cell, [{ id, call, json }]);
    // Answers of calls that were made together mostly come together.
    if (cell.calls.size === 1) this.flush(cell);
    else setImmediate(() => this.flush(cell));
  }

  /** Sends what is ready now. */
  flush(cell: Cell): void {
    const waiting = this.#outbox.get(cell);
    if (waiting === undefined) return;
    this.#outbox.delete(cell);
    for (const { id, call } of waiting) {
      call.isDelivered = true;
      // Without a snapshot nothing can be restored, so nothing has to be remembered.
      if (cell.snapshot === undefined || cell.calls.size > MAX_REMEMBERED) cell.calls.delete(id);
    }
    this.#deliver(cell.id, `[${waiting.map(({ json }) => json).join(',')}]`);
  }
}

/** The thread and turn of the script's caller; a call has an id of its own. */
function contextOf(cell: Cell, id: number, { controller }: ToolCall): ToolContext {
  const { threadId = '', turnId = '', callId = '' } = cell.caller ?? {};
  return {
    threadId,
    turnId,
    callId: `${callId}/${cell.id}.${id}`,
    get signal() {
      return controller.signal;
    },
  };
}

function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'The tool failed with a value that cannot be shown.';
  }
}
