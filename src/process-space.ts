import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isErrno } from './disk/errno.ts';

/** Names the space in which a process id means something: machine, boot and process namespace. */
export const PROCESS_SPACE: string = [
  hostname(),
  read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  read(() => readlinkSync('/proc/self/ns/pid')),
].join(' ');

/** The same in eight hexadecimal digits, for file names. */
export const PROCESS_SPACE_ID: string = createHash('sha256')
  .update(PROCESS_SPACE)
  .digest('hex')
  .slice(0, 8);

/** Whether no process of this space has that id; false when that cannot be told. */
export function isProcessGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return isErrno(error, 'ESRCH');
  }
}

/** Only Linux has these files; elsewhere the host's name has to do. */
function read(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
