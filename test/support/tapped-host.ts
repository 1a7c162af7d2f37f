import { Buffer } from 'node:buffer';
import childProcess, { type ChildProcess } from 'node:child_process';
import process from 'node:process';

/** What a test does between a program and its script host. */
export interface HostTap {
  /** In place of the host's own program: arguments of Node. */
  readonly args?: readonly string[];
  /** Called before each whole message of either side; false keeps it from its reader. */
  readonly onMessage?: (message: TappedMessage) => boolean;
  /** Bytes that seem to come from the host behind a message of this kind. */
  readonly garbage?: { readonly after: string; readonly bytes: Buffer };
}

export interface TappedMessage {
  readonly pid: number;
  /** As the frame's header has it. */
  readonly op: string;
  readonly from: 'program' | 'host';
}

const LENGTH_BYTES = 4;
const HEADER_BYTES = 2;

/** Taps the script hosts that are started from now on; the returned function takes the tap out. */
export function tapHosts(tap: HostTap): { readonly pids: readonly number[]; close(): void } {
  const { spawn } = childProcess;
  const pids: number[] = [];
  // The build calls it by name, as a property of Node's module.
  childProcess.spawn = ((file: string, args: readonly string[], options: object) => {
    if (args[0]?.endsWith('host.js') !== true) return spawn(file, args, options);
    const child: ChildProcess = spawn(file, tap.args ?? args, options);
    const { pid = 0 } = child;
    pids.push(pid);
    const lets = (from: TappedMessage['from'], frame: Buffer) =>
      tap.onMessage?.({ pid, from, op: opOf(frame) }) ?? true;
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) return child;
    const write = stdin.write.bind(stdin) as (frame: Buffer) => boolean;
    stdin.write = ((frame: Buffer) => lets('program', frame) && write(frame)) as typeof stdin.write;
    const on = stdout.on.bind(stdout);
    stdout.on = ((name: string, listener: (chunk: Buffer) => void) => {
      if (name !== 'data') return on(name, listener as () => void);
      let held = Buffer.alloc(0);
      return on(name, (chunk: Buffer) => {
        held = Buffer.concat([held, chunk]);
        for (let frame = firstOf(held); frame !== undefined; frame = firstOf(held)) {
          held = held.subarray(frame.length);
          if (lets('host', frame)) listener(frame);
          if (tap.garbage?.after === opOf(frame)) listener(tap.garbage.bytes);
        }
      });
    }) as typeof stdout.on;
    return child;
  }) as typeof spawn;
  return {
    pids,
    close: () => {
      childProcess.spawn = spawn;
    },
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function firstOf(held: Buffer): Buffer | undefined {
  if (held.length < LENGTH_BYTES) return undefined;
  const total = LENGTH_BYTES + held.readUInt32LE(0);
  return held.length < total ? undefined : held.subarray(0, total);
}

function opOf(frame: Buffer): string {
  const start = LENGTH_BYTES + HEADER_BYTES;
  const header = frame.toString('utf8', start, start + frame.readUInt16LE(LENGTH_BYTES));
  return String((JSON.parse(header) as { op: unknown }).op);
}
