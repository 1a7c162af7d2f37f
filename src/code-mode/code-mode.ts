import { Cell } from './cell.ts';
import type { CellResult } from './cell-result.ts';
import { clientOptions, threadOptions } from './dynamic-tools.ts';
import { CodeModeError } from './errors.ts';
import type { Frame } from './frames.ts';
import { HostProcess } from './host-process.ts';
import { type CodeModeLimits, completeLimits, type Limits } from './limits.ts';
import { type ModelTool, modelTools } from './model-tools.ts';
import type { GuestEvent, GuestMessage, HostEvent, StartBody } from './protocol.ts';
import { StoredValues } from './stored-values.ts';
import { type CodeModeTool, type ToolSurface, toolSurface } from './tool.ts';
import { ToolRunner } from './tool-runner.ts';

const DEFAULT_YIELD_MS = 10_000;
/** A snapshot of a script that does not wait cannot be taken: a yield does not wait longer for it. */
const SNAPSHOT_MS = 250;
/** The host ends a script within a second; a host that does not has failed. */
const STOP_MS = 5_000;
/** Results that nobody took; the oldest is let go for one more. */
const MAX_FINISHED = 64;

export interface CodeModeOptions {
  /** What scripts can call. Default: none. */
  readonly tools?: readonly CodeModeTool[];
  readonly limits?: CodeModeLimits;
  /** Called with what scripts pass to `notify`, at once. Default: it is output like `text`. */
  readonly onNotify?: (text: string, cellId: string) => void;
}

export interface ExecOptions {
  /** Milliseconds after which a script that still runs goes on by itself. Default 10,000. */
  readonly yieldMs?: number;
  /** Terminates the script. */
  readonly signal?: AbortSignal;
}

export interface WaitOptions {
  /** Milliseconds to wait for the script's end or its next yield. Default 10,000. */
  readonly yieldMs?: number;
  /** Ends the script; its result is `terminated`, or what it was if it had just ended. Default false. */
  readonly terminate?: boolean;
  /** Ends the waiting; the script goes on. */
  readonly signal?: AbortSignal;
}

/**
 * Runs scripts that call a program's tools, each in an engine of its own in a child process.
 *
 * The fence is a WebAssembly engine: a script has no file, network, process or module, and what it
 * can reach is its own. It protects a program from mistakes and from a model that was misled; for
 * hostile code at scale run the whole program in a container or a micro-VM.
 */
export class CodeMode implements AsyncDisposable {
  readonly #surface: ToolSurface;
  readonly #limits: Limits;
  readonly #onNotify: CodeModeOptions['onNotify'];
  readonly #stored: StoredValues;
  readonly #cells = new Map<number, Cell>();
  readonly #runner: ToolRunner;
  #host: HostProcess | undefined;
  #starting: Promise<HostProcess> | undefined;
  #nextCell = 1;
  #isClosed = false;

  private constructor(options: CodeModeOptions) {
    this.#surface = toolSurface(options.tools ?? []);
    this.#limits = completeLimits(options.limits ?? {});
    this.#onNotify = options.onNotify;
    this.#stored = new StoredValues(this.#limits.storedBytes);
    this.#runner = new ToolRunner(this.#surface, (cell, body) =>
      this.#host?.send({ op: 'deliver', cell }, body),
    );
  }

  /**
   * Starts a script host.
   * @throws CodeModeError `USAGE` for tools or limits that cannot be used, `HOST_FAILED`
   */
  static async start(options: CodeModeOptions = {}): Promise<CodeMode> {
    const codeMode = new CodeMode(options);
    await codeMode.#ready();
    return codeMode;
  }

  /** How scripts see the tools: name below `tools`, and a description with a TypeScript declaration. */
  get tools(): readonly { readonly name: string; readonly description: string }[] {
    return this.#surface.guest.map(({ path, description }) => ({
      name: path.join('.'),
      description,
    }));
  }

  /** What a model is offered, for any carrier: `exec_script` and `wait_script`. */
  modelTools(): ModelTool[] {
    return modelTools(this, this.#surface.guest);
  }

  /** For `Codex.start`: answers the model's calls of the two tools, and asks for what they need. */
  client(): ReturnType<typeof clientOptions> {
    return clientOptions(this.modelTools());
  }

  /** For `startThread`: offers the two tools to the model, as dynamic tools. */
  thread(): ReturnType<typeof threadOptions> {
    return threadOptions(this.modelTools());
  }

  /** The stored values: key and JSON, in the order in which the keys came. */
  get stored(): readonly (readonly [key: string, json: string])[] {
    return this.#stored.entries();
  }

  /** The process id of the script host, while there is one. */
  get hostPid(): number | undefined {
    return this.#host?.pid;
  }

  /**
   * Runs a script until it ends or yields: JavaScript with `await` at its top. A host that died
   * meanwhile is started anew.
   * @throws CodeModeError `TOO_MANY_CELLS`, `HOST_FAILED`, `CLOSED`
   */
  async exec(source: string, options: ExecOptions = {}): Promise<CellResult> {
    const started = performance.now();
    options.signal?.throwIfAborted();
    this.#verifyOpen();
    const running = [...this.#cells.values()].filter((cell) => !cell.isOver).length;
    if (running >= this.#limits.cells) {
      throw new CodeModeError(
        'TOO_MANY_CELLS',
        `${running} scripts are running already: wait for one, or terminate it.`,
      );
    }
    const { heapBytes, outputBytes, pending } = this.#limits;
    const body: StartBody = {
      source,
      tools: this.#surface.guest,
      stored: this.#stored.entries(),
      limits: { heapBytes, outputBytes, pending },
    };
    const cell = new Cell(this.#nextCell++, JSON.stringify(body));
    this.#cells.set(cell.id, cell);
    this.#forgetOldest();
    try {
      const host = await this.#ready();
      cell.deadline = setTimeout(() => this.#timeOut(cell), this.#limits.cellMs);
      host.send({ op: 'start', cell: cell.id }, cell.source);
    } catch (error) {
      this.#cells.delete(cell.id);
      throw error;
    }
    return this.#watch(cell, started, options.yieldMs, options.signal, () => {
      if (!cell.isOver) this.#stop(cell, 'terminate');
    });
  }

  /**
   * Waits until a script that yielded ends or yields again, and gives the output since the last
   * result. The result of a script that has ended is given once.
   * @throws CodeModeError `UNKNOWN_CELL`, `CELL_BUSY`, `CLOSED`
   */
  async wait(cellId: string, options: WaitOptions = {}): Promise<CellResult> {
    const started = performance.now();
    this.#verifyOpen();
    const cell = /^[0-9]+$/.test(cellId) ? this.#cells.get(Number(cellId)) : undefined;
    if (cell === undefined) {
      throw new CodeModeError(
        'UNKNOWN_CELL',
        `There is no script with the cell ID ${JSON.stringify(cellId)}: it never ran, or its result has been taken.`,
      );
    }
    if (cell.isWatched) {
      throw new CodeModeError(
        'CELL_BUSY',
        `Another call is waiting for the script with the cell ID ${cellId}.`,
      );
    }
    if (options.terminate === true && !cell.isOver) this.#stop(cell, 'terminate');
    const yieldMs = options.terminate === true ? STOP_MS * 2 : options.yieldMs;
    return this.#watch(cell, started, yieldMs, options.signal, undefined);
  }

  /** Ends all scripts and the host. May be called again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cell of this.#cells.values()) {
      cell.stopping = 'terminate';
      cell.end({ kind: 'stopped' });
    }
    const host = this.#host ?? (await this.#starting?.catch(() => undefined));
    this.#host = undefined;
    await host?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #verifyOpen(): void {
    if (this.#isClosed) throw new CodeModeError('CLOSED', 'This code mode was closed.');
  }

  async #watch(
    cell: Cell,
    started: number,
    yieldMs: number = DEFAULT_YIELD_MS,
    signal: AbortSignal | undefined,
    onAbort: (() => void) | undefined,
  ): Promise<CellResult> {
    cell.isWatched = true;
    let isLate = false;
    const tick = () => cell.changed();
    const timer = setTimeout(() => {
      isLate = true;
      tick();
    }, yieldMs);
    const aborted = () => {
      onAbort?.();
      tick();
    };
    signal?.addEventListener('abort', aborted, { once: true });
    if (signal?.aborted === true) aborted();
    const mayLeave = () =>
      isLate ||
      (cell.asksToYield && cell.stopping === undefined) ||
      (onAbort === undefined && signal?.aborted === true);
    try {
      while (!cell.isOver && !(mayLeave() && cell.stopping === undefined)) {
        await cell.nextChange();
      }
      if (!cell.isOver) await this.#keepSnapshot(cell);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      cell.isWatched = false;
    }
    if (cell.isOver) this.#cells.delete(cell.id);
    return cell.take(performance.now() - started);
  }

  /** What a yielded script needs to outlive its host. A script that computes gives none. */
  async #keepSnapshot(cell: Cell): Promise<void> {
    this.#requestSnapshot(cell);
    const before = cell.snapshot;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      cell.changed();
    }, SNAPSHOT_MS);
    while (cell.snapshot === before && !cell.isOver && !isLate) await cell.nextChange();
    clearTimeout(timer);
  }

  #requestSnapshot(cell: Cell): void {
    this.#runner.flush(cell);
    const delivered = [...cell.calls].flatMap(([id, call]) => (call.isDelivered ? [id] : []));
    this.#asked.set(cell.id, [...(this.#asked.get(cell.id) ?? []), new Set(delivered)]);
    this.#host?.send({ op: 'snapshot', cell: cell.id });
  }

  /** Of each snapshot that was asked for: the calls whose answers it holds. */
  readonly #asked = new Map<number, ReadonlySet<number>[]>();

  #stop(cell: Cell, why: NonNullable<Cell['stopping']>): void {
    cell.stopping ??= why;
    this.#host?.send({ op: 'stop', cell: cell.id });
    if (this.#host === undefined) cell.end({ kind: 'stopped' });
    const late = setTimeout(() => {
      if (!cell.isOver) void this.#host?.close();
    }, STOP_MS);
    late.unref();
  }

  #timeOut(cell: Cell): void {
    if (cell.isOver) return;
    const message = `The script was stopped: it may take ${this.#limits.cellMs} ms.`;
    this.#stop(cell, { name: 'TimeoutError', message, stack: '', reason: 'time' });
  }

  #forgetOldest(): void {
    const finished = [...this.#cells.values()].filter((cell) => cell.isOver && !cell.isWatched);
    for (const cell of finished.slice(0, -MAX_FINISHED)) this.#cells.delete(cell.id);
  }

  async #ready(): Promise<HostProcess> {
    if (this.#host !== undefined) return this.#host;
    this.#starting ??= HostProcess.start({
      onEvent: (frame) => this.#hear(frame),
      onExit: (reason) => this.#lost(reason),
    });
    try {
      const host = await this.#starting;
      if (this.#isClosed) {
        await host.close();
        this.#verifyOpen();
      }
      this.#host = host;
      return host;
    } finally {
      this.#starting = undefined;
    }
  }

  #hear({ header, body }: Frame<HostEvent>): void {
    if (header.op === 'ready') return;
    const cell = this.#cells.get(header.cell);
    if (cell === undefined || cell.isOver) return;
    if (header.op === 'over') {
      this.#asked.delete(cell.id);
      cell.end(header.outcome);
    } else if (header.op === 'snapshot') {
      const [upTo = new Set<number>(), ...others] = this.#asked.get(cell.id) ?? [];
      this.#asked.set(cell.id, others);
      cell.keep(Uint8Array.from(body), upTo);
    } else {
      cell.hasActed = true;
      for (const event of JSON.parse(body.toString('utf8')) as GuestEvent[]) {
        this.#take(cell, event);
      }
    }
  }

  #take(cell: Cell, event: GuestEvent): void {
    switch (event.t) {
      case 'text':
        cell.write(event, { type: 'text', text: event.text });
        return;
      case 'image':
        cell.write(event, { type: 'image', url: event.url });
        return;
      case 'notify':
        this.#notify(cell, event);
        return;
      case 'call':
        this.#runner.call(cell, event);
        return;
      case 'pending':
        this.#runner.repeat(cell, event.ids);
        return;
      case 'store':
        this.#store(cell, event);
        return;
      case 'yield':
        cell.yield();
    }
  }

  #notify(cell: Cell, event: Extract<GuestEvent, { t: 'notify' }>): void {
    if (this.#onNotify === undefined) {
      cell.write(event, { type: 'text', text: event.text });
      return;
    }
    if (!cell.count(event)) return;
    const tell = this.#onNotify;
    queueMicrotask(() => tell(event.text, String(cell.id)));
  }

  #store(cell: Cell, { key, json }: Extract<GuestEvent, { t: 'store' }>): void {
    if (!this.#stored.set(key, json)) {
      const message = `The stored values would take more than ${this.#limits.storedBytes} bytes.`;
      this.#stop(cell, { name: 'RangeError', message, stack: '', reason: 'script' });
      return;
    }
    const told: GuestMessage = { t: 'stored', key, json };
    const body = JSON.stringify([told]);
    for (const other of this.#cells.values()) {
      if (other !== cell && !other.isOver)
        this.#host?.send({ op: 'deliver', cell: other.id }, body);
    }
  }

  /** The host has gone: scripts that yielded, or did nothing yet, go on in a new one; the others fail. */
  #lost(reason: string): void {
    this.#host = undefined;
    this.#asked.clear();
    if (this.#isClosed) return;
    const restorable: Cell[] = [];
    for (const cell of this.#cells.values()) {
      if (cell.isOver) continue;
      if (cell.mayBeRestored()) restorable.push(cell);
      else cell.end({ kind: 'lost', reason });
    }
    if (restorable.length > 0) void this.#restore(restorable);
  }

  async #restore(cells: readonly Cell[]): Promise<void> {
    const { heapBytes, outputBytes, pending } = this.#limits;
    try {
      const host = await this.#ready();
      for (const cell of cells) {
        if (cell.isOver) continue;
        const limits = { heapBytes, outputBytes, pending };
        if (cell.snapshot === undefined) host.send({ op: 'start', cell: cell.id }, cell.source);
        else host.send({ op: 'restore', cell: cell.id, limits }, cell.snapshot);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      for (const cell of cells) cell.end({ kind: 'lost', reason });
    }
  }
}
