import { presenceOf, thisProcess } from './owner.ts';
import { shortSha256 } from './short-sha256.ts';

let made = 0;

/** A part of a name that says which process made something: the next run can ask whether that one is still there. */
export function ownedName(): string {
  const { pid, started, space } = thisProcess();
  made += 1;
  return `${pid}-${started ?? ''}-${shortName(space)}-${made}`;
}

const OWNED = /^(\d+)-(\d*)-([0-9a-f]{16})-\d+$/;

/** Whether this is an {@link ownedName} of a process of this machine that has gone. */
export function isLeft(name: string): boolean {
  const { space: own } = thisProcess();
  const [, pid, started, space] = OWNED.exec(name) ?? [];
  if (pid === undefined || space !== shortName(own)) return false;
  return presenceOf({ pid: Number(pid), started: started || null, space: own }) === 'gone';
}

function shortName(space: string): string {
  return shortSha256(space).slice(0, 16);
}
