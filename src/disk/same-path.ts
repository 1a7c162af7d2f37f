import { relative } from 'node:path';

/** Whether two absolute paths name one place: on Windows the case of letters does not count. */
export function isSamePath(a: string, b: string): boolean {
  return relative(a, b) === '';
}
