import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { endTree } from '../../child/end-tree.ts';
import { missingLibraryHint } from '../../child/missing-library.ts';
import { busyHomeHint, lastWordsIn } from '../compat/last-words.ts';
import { ProtocolError, TransportClosedError } from '../errors.ts';
import { isWithin } from './is-within.ts';
import { LineSplitter } from './line-splitter.ts';
import { OutputTail } from './output-tail.ts';
import type { Transport, TransportListener } from './transport.ts';

/** How long a child gets to leave after its stdin has ended, and again after SIGTERM. */
const GRACE_MS = 2_000;
/** How long output may still come from a child that has exited: a grandchild may hold the pipe. */
const LINGER_MS = 1_000;

export interface ChildCommand {
  /** Path of the executable, or a name that PATH has. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Bytes of the longest line that is accepted. */
  readonly maxLineBytes: number;
}

/** An app-server that this process starts, on its stdin and stdout, one message a line. */
export class ChildTransport implements Transport {
  readonly #command: ChildCommand;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #splitter: LineSplitter;
  readonly #stderr = new OutputTail();
  /** Sent and not written yet: everything that waits is written at once, which keeps it small. */
  #waiting: string[] = [];
  #waitingLength = 0;
  #writing = false;
  /** It has exited, or never started. */
  readonly #gone: Promise<void>;
  /** Its output has ended, too. */
  readonly #drained: Promise<void>;
  #listener: TransportListener | undefined;
  #reason: TransportClosedError | undefined;
  #closing: Promise<void> | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor(command: ChildCommand) {
    this.#command = command;
    this.#splitter = new LineSplitter(command.maxLineBytes);
    this.#child = spawnChild(command);
    this.#gone = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
    this.#drained = new Promise((resolve) => this.#child.once('close', () => resolve()));
    // Listened to from the first moment: an `error` event without a listener ends the process.
    this.#child.on('error', (cause) => this.#finish(notStarted(command, cause)));
    // EPIPE: it will not read any more, and why it left is told when it is gone.
    this.#child.stdin.on('error', () => this.#abandon());
    this.#child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.#child.once('exit', () => this.#expectEnd());
    this.#child.once('close', () => this.#finish(this.#exited()));
  }

  /** Undefined when the executable could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  start(listener: TransportListener): void {
    this.#listener = listener;
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    // A child that closed its output can never answer again, even if it lives on.
    this.#child.stdout.once('end', () => this.#abandon());
  }

  readonly maxSendBytes = Number.POSITIVE_INFINITY;

  get unsent(): number {
    return this.#waitingLength + this.#child.stdin.writableLength;
  }

  send(text: string): void {
    if (!this.#child.stdin.writable) return;
    this.#waiting.push(text);
    this.#waitingLength += text.length;
    if (!this.#writing) this.#write();
  }

  discard(): void {
    this.#waiting = [];
    this.#waitingLength = 0;
  }

  #write(): void {
    const text = `${this.#waiting.join('\n')}\n`;
    this.#waiting = [];
    this.#waitingLength = 0;
    this.#writing = true;
    this.#child.stdin.write(text, () => {
      this.#writing = false;
      if (this.#waiting.length > 0 && this.#child.stdin.writable) this.#write();
    });
  }

  pause(): void {
    if (this.#closing !== undefined) return;
    this.#child.stdout.pause();
    clearTimeout(this.#linger);
  }

  resume(): void {
    this.#child.stdout.resume();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) this.#expectEnd();
  }

  lastWords(): string {
    return lastWordsIn(this.#stderr.text());
  }

  close(reason: TransportClosedError): Promise<void> {
    this.#reason ??= reason;
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    // A reader that had paused would keep a child with a full pipe from ever leaving.
    this.resume();
    if (this.#waiting.length > 0 && this.#child.stdin.writable) this.#write();
    this.#child.stdin.end();
    if (!(await isWithin(GRACE_MS, this.#gone))) {
      endTree(this.#child, this.#command.env);
      if (!(await isWithin(GRACE_MS, this.#gone))) this.#child.kill('SIGKILL');
    }
    await this.#gone;
    await isWithin(LINGER_MS, this.#drained);
    this.#finish(this.#exited());
  }

  #read(chunk: Buffer): void {
    if (this.#reason !== undefined) return;
    try {
      for (const line of this.#splitter.push(chunk)) this.#listener?.onMessage(line);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#abandon(error);
    }
  }

  /** Nothing useful can come any more: ends the child and tells why once it is gone. */
  #abandon(reason?: TransportClosedError): void {
    this.#reason ??= reason;
    this.#closing ??= this.#end();
  }

  #expectEnd(): void {
    clearTimeout(this.#linger);
    if (this.#child.stdout.isPaused() || this.#listener === undefined) return;
    this.#linger = setTimeout(() => this.#finish(this.#exited()), LINGER_MS);
  }

  #finish(reason: TransportClosedError): void {
    clearTimeout(this.#linger);
    const listener = this.#listener;
    this.#reason ??= reason;
    if (listener === undefined) return;
    this.#listener = undefined;
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    listener.onClose(this.#reason);
  }

  #exited(): TransportClosedError {
    const { exitCode, signalCode: signal } = this.#child;
    const stderr = this.lastWords();
    const how =
      signal !== null
        ? `was ended by ${signal}`
        : exitCode !== null
          ? `exited with status ${exitCode}`
          : 'closed its end';
    const said = stderr === '' ? '' : ` The end of its stderr: ${stderr}`;
    const hint = missingLibraryHint(exitCode) ?? busyHomeHint(stderr, new Date());
    return new TransportClosedError(`${this.#command.command} ${how}.${said}`, {
      ...(hint === undefined ? {} : { hint }),
      fields: { executable: this.#command.command, exitCode, signal, stderr },
    });
  }
}

function spawnChild({ command, args, cwd, env }: ChildCommand): ChildProcessWithoutNullStreams {
  try {
    return spawn(command, [...args], { cwd, env: { ...env }, stdio: 'pipe', windowsHide: true });
  } catch (cause) {
    // Arguments that no process can have, such as a NUL in a variable.
    throw notStarted({ command, cwd }, cause);
  }
}

function notStarted(
  { command, cwd }: Pick<ChildCommand, 'command' | 'cwd'>,
  cause: unknown,
): TransportClosedError {
  return new TransportClosedError(`${command} could not be started.`, {
    cause,
    hint: 'Check that it is a program for this machine, and that the working directory exists.',
    fields: { executable: command, cwd },
  });
}
