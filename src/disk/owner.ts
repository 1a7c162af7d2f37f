import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isErrno } from './errno.ts';

/** The process that made something, as far as another process can recognise it. */
export interface Owner {
  readonly pid: number;
  /** Names the space in which `pid` means something: machine, boot and process namespace. */
  readonly space: string;
  /** When it started, in the kernel's ticks since boot; null where the system does not say. */
  readonly started: string | null;
}

let known: Owner | undefined;

/** This process. */
export function thisProcess(): Owner {
  known ??= {
    pid: process.pid,
    space: processSpace(),
    started: statusOf(process.pid)?.started ?? null,
  };
  return known;
}

/**
 * The one rule for "is its owner gone?". A process of this space is gone when its id is unused, is a
 * zombie's, or belongs to a process that started at another time. One of another space (another
 * machine, container or boot) cannot be asked: its silence has to be observed.
 */
export function presenceOf({ pid, space, started }: Owner): 'here' | 'gone' | 'unknown' {
  if (space !== thisProcess().space) return 'unknown';
  if (!isRunning(pid)) return 'gone';
  const now = statusOf(pid);
  if (now === undefined) return 'here';
  if (now.ended) return 'gone';
  return started === null || now.started === started ? 'here' : 'gone';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH');
  }
}

interface ProcessStatus {
  readonly started: string;
  /** A zombie: it has ended, and its parent has not asked how. */
  readonly ended: boolean;
}

/** From the fields of /proc/PID/stat behind the program's name, which may hold anything. */
function statusOf(pid: number): ProcessStatus | undefined {
  // A /proc of another namespace numbers the processes differently.
  if (read(() => readlinkSync('/proc/self')) !== String(process.pid)) return undefined;
  const text = read(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  if (state === undefined || started === undefined) return undefined;
  return { started, ended: state === 'Z' || state === 'X' };
}

function processSpace(): string {
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'));
  // Without its namespace a Linux process cannot tell whose numbers it shares: a space of its own.
  const own = process.platform === 'linux' && namespace === '' ? randomUUID() : namespace;
  return [hostname(), boot, own].join(' ');
}

/** Only Linux has these files; elsewhere the host's name has to do. */
function read(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
