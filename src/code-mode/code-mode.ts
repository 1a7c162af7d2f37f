import type { Tool } from '../app-server/index.ts';
import { Cell } from './cell.ts';
import type { CellResult } from './cell-result.ts';
import { Cells } from './cells.ts';
import { clientTools } from './client-tools.ts';
import type { CodeModeOptions, ExecOptions, WaitOptions } from './code-mode-options.ts';
import { CodeModeError } from './errors.ts';
import type { Frame } from './frames.ts';
import { closed, HostKeeper } from './host-keeper.ts';
import { completeLimits, type Limits } from './limits.ts';
import { type ModelTool, modelTools } from './model-tools.ts';
import type { GuestEvent, HostEvent, StartBody } from './protocol.ts';
import { restore } from './restore.ts';
import { type EventTargets, takeEvents } from './script-events.ts';
import { Snapshots } from './snapshots.ts';
import { StoredValues } from './stored-values.ts';
import { type ToolSurface, toolSurface } from './tool.ts';
import { ToolRunner } from './tool-runner.ts';
import { watch } from './watch.ts';

const DEFAULT_YIELD_MS = 10_000;
/** The host ends a script within a second; a host that does not has failed. */
const STOP_MS = 5_000;

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
  readonly #stored: StoredValues;
  readonly #cells = new Cells();
  readonly #runner: ToolRunner;
  readonly #host: HostKeeper;
  readonly #snapshots: Snapshots;
  readonly #targets: EventTargets;
  #nextCell = 1;
  #isClosed = false;

  private constructor(options: CodeModeOptions) {
    this.#surface = toolSurface(options.tools ?? []);
    this.#limits = completeLimits(options.limits ?? {});
    this.#stored = new StoredValues(this.#limits.storedBytes);
    this.#host = new HostKeeper({
      onEvent: (frame) => this.#hear(frame),
      onLost: (reason) => this.#lost(reason),
    });
    this.#runner = new ToolRunner(this.#surface, (cell, body) =>
      this.#host.send({ op: 'deliver', cell }, body),
    );
    this.#snapshots = new Snapshots((cell) => {
      this.#runner.flush(cell);
      this.#host.send({ op: 'snapshot', cell: cell.id });
    });
    this.#targets = {
      runner: this.#runner,
      stored: this.#stored,
      onNotify: options.onNotify,
      tellOthers: (cell, message) => {
        const body = JSON.stringify([message]);
        for (const other of this.#cells.running()) {
          if (other !== cell) this.#host.send({ op: 'deliver', cell: other.id }, body);
        }
      },
      onStoreFull: (cell) => {
        const message = `The stored values would take more than ${this.#limits.storedBytes} bytes.`;
        this.#stop(cell, { name: 'RangeError', message, stack: '', reason: 'script' });
      },
    };
  }

  /**
   * Starts a script host.
   * @throws CodeModeError `USAGE` for tools or limits that cannot be used, `HOST_FAILED`
   */
  static async start(options: CodeModeOptions = {}): Promise<CodeMode> {
    const codeMode = new CodeMode(options);
    await codeMode.#host.ready();
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

  /** The same two as tools of the client: for `tools` of `Codex.start` or `startThread`. */
  clientTools(): Tool[] {
    return clientTools(this.modelTools());
  }

  /** The stored values: key and JSON, in the order in which the keys came. */
  get stored(): readonly (readonly [key: string, json: string])[] {
    return this.#stored.entries();
  }

  /** The process id of the script host, while there is one. */
  get hostPid(): number | undefined {
    return this.#host.pid;
  }

  /**
   * Runs a script until it ends or yields: JavaScript with `await` at its top. A host that died
   * meanwhile is started anew.
   * @throws CodeModeError `TOO_MANY_CELLS`, `HOST_FAILED`, `CLOSED`
   */
  async exec(source: string, options: ExecOptions = {}): Promise<CellResult> {
    const since = performance.now();
    options.signal?.throwIfAborted();
    if (this.#isClosed) throw closed();
    const running = this.#cells.running().length;
    if (running >= this.#limits.cells) {
      throw new CodeModeError(
        'TOO_MANY_CELLS',
        `${running} scripts are running already: wait for one, or terminate it.`,
      );
    }
    const cell = new Cell(this.#nextCell++, this.#startBody(source), options.caller);
    this.#cells.add(cell);
    try {
      const host = await this.#host.ready();
      cell.deadline = setTimeout(() => this.#timeOut(cell), this.#limits.cellMs);
      host.send({ op: 'start', cell: cell.id }, cell.source);
    } catch (error) {
      this.#cells.forget(cell);
      throw error;
    }
    const { yieldMs, signal } = options;
    const onAbort = () => {
      if (!cell.isOver) this.#stop(cell, 'terminate');
    };
    return this.#watch(cell, { since, yieldMs, signal, onAbort });
  }

  /**
   * Waits until a script that yielded ends or yields again, and gives the output since the last
   * result. The result of a script that has ended is given once.
   * @throws CodeModeError `UNKNOWN_CELL`, `CELL_BUSY`, `CLOSED`
   */
  async wait(cellId: string, options: WaitOptions = {}): Promise<CellResult> {
    const since = performance.now();
    if (this.#isClosed) throw closed();
    const cell = this.#cells.toWait(cellId);
    const { terminate = false, signal } = options;
    if (terminate && !cell.isOver) this.#stop(cell, 'terminate');
    return this.#watch(cell, { since, yieldMs: options.yieldMs, signal });
  }

  /** Ends all scripts and the host. May be called again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cell of this.#cells.all()) {
      cell.stopping = 'terminate';
      cell.end({ kind: 'stopped' });
    }
    await this.#host.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #startBody(source: string): string {
    const { heapBytes, outputBytes, pending } = this.#limits;
    const body: StartBody = {
      source,
      tools: this.#surface.guest,
      stored: this.#stored.entries(),
      limits: { heapBytes, outputBytes, pending },
    };
    return JSON.stringify(body);
  }

  async #watch(
    cell: Cell,
    options: {
      readonly since: number;
      readonly yieldMs: number | undefined;
      readonly signal: AbortSignal | undefined;
      readonly onAbort?: () => void;
    },
  ): Promise<CellResult> {
    const result = await watch(cell, {
      ...options,
      yieldMs: options.yieldMs ?? DEFAULT_YIELD_MS,
      beforeYield: () => this.#snapshots.take(cell),
    });
    if (result.status !== 'running') this.#cells.forget(cell);
    return result;
  }

  #stop(cell: Cell, why: NonNullable<Cell['stopping']>): void {
    cell.stopping ??= why;
    this.#host.send({ op: 'stop', cell: cell.id });
    if (!this.#host.isThere) cell.end({ kind: 'stopped' });
    const late = setTimeout(() => {
      if (!cell.isOver) this.#host.giveUp();
    }, STOP_MS);
    late.unref();
  }

  #timeOut(cell: Cell): void {
    if (cell.isOver) return;
    const message = `The script was stopped: it may take ${this.#limits.cellMs} ms.`;
    this.#stop(cell, { name: 'TimeoutError', message, stack: '', reason: 'time' });
  }

  #hear({ header, body }: Frame<HostEvent>): void {
    if (header.op === 'ready') return;
    const cell = this.#cells.find(header.cell);
    if (cell === undefined || cell.isOver) return;
    if (header.op === 'over') {
      this.#snapshots.forget(cell);
      cell.end(header.outcome);
    } else if (header.op === 'snapshot') {
      this.#snapshots.came(cell, body);
    } else {
      cell.hasActed = true;
      takeEvents(cell, JSON.parse(body.toString('utf8')) as GuestEvent[], this.#targets);
    }
  }

  /** The host has gone: scripts that yielded, or did nothing yet, go on in a new one; the others fail. */
  #lost(reason: string): void {
    this.#snapshots.clear();
    const restorable: Cell[] = [];
    for (const cell of this.#cells.running()) {
      if (cell.mayBeRestored()) restorable.push(cell);
      else cell.end({ kind: 'lost', reason });
    }
    if (restorable.length > 0) void restore(restorable, this.#host, this.#limits);
  }
}
