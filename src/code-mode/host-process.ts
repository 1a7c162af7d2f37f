import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CodeModeError } from './errors.ts';
import { encodeFrame, type Frame, FrameReader, PROTOCOL_VERSION } from './frames.ts';
import { type HostCommand, type HostEvent, isHostEvent } from './protocol.ts';

/** A host that does not introduce itself within this time is broken. */
const START_MS = 30_000;
/** Characters of standard error that are kept for an error message. */
const TAIL = 2_000;

export interface HostListener {
  onEvent(frame: Frame<HostEvent>): void;
  /** Once, when the host has gone or is not understood any more; it has been ended by then. */
  onExit(reason: string): void;
}

/** One script host: a child process that ends with this program. */
export class HostProcess {
  readonly #child: ChildProcess;
  readonly #listener: HostListener;
  readonly #reader = new FrameReader<HostEvent>(isHostEvent);
  readonly #exited: Promise<void>;
  #hasGone = false;
  #stderr = '';

  private constructor(child: ChildProcess, listener: HostListener) {
    this.#child = child;
    this.#listener = listener;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-TAIL);
    });
    child.stdin?.on('error', () => {
      // A write to a host that has just died; its exit is told anyway.
    });
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#gone(error.message);
        resolve();
      });
      child.once('close', (code, signal) => {
        this.#gone(signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`);
        resolve();
      });
    });
  }

  /** @throws CodeModeError `HOST_FAILED` */
  static async start(listener: HostListener): Promise<HostProcess> {
    const entry = fileURLToPath(new URL('../code-mode/host.js', import.meta.url));
    const child = spawn(process.execPath, [entry], {
      // Nothing of this program's surroundings is a script's business, not even by accident.
      env: {},
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let host: HostProcess | undefined;
    await new Promise<void>((resolve, reject) => {
      const fail = (reason: string) =>
        reject(new CodeModeError('HOST_FAILED', `The script host does not start: ${reason}`));
      const late = setTimeout(() => {
        child.kill('SIGKILL');
        fail(`it was silent for ${START_MS} ms`);
      }, START_MS);
      host = new HostProcess(child, {
        onEvent: (frame) => {
          if (frame.header.op !== 'ready') return listener.onEvent(frame);
          clearTimeout(late);
          if (frame.header.protocol === PROTOCOL_VERSION) return resolve();
          child.kill('SIGKILL');
          return fail('its files are of another version of codex-runtime');
        },
        onExit: (reason) => {
          clearTimeout(late);
          fail(reason);
          listener.onExit(reason);
        },
      });
      host.#read();
    });
    if (host === undefined) throw new Error('A promise ran its executor late.');
    return host;
  }

  /** The child's process id, for tests that end it. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasGone(): boolean {
    return this.#hasGone;
  }

  send(command: HostCommand, body: Uint8Array | string = ''): void {
    if (!this.#hasGone) this.#child.stdin?.write(encodeFrame(command, body));
  }

  /** Ends it; waits until it is gone. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #read(): void {
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      if (this.#hasGone) return;
      try {
        for (const frame of this.#reader.push(chunk)) this.#listener.onEvent(frame);
      } catch (error) {
        this.#child.kill('SIGKILL');
        this.#gone(error instanceof Error ? error.message : String(error));
      }
    });
  }

  #gone(reason: string): void {
    if (this.#hasGone) return;
    this.#hasGone = true;
    const said = this.#stderr.trim();
    this.#listener.onExit(said === '' ? reason : `${reason}; the end of its stderr: ${said}`);
  }
}
