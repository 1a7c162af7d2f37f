import paths, { type PlatformPath } from 'node:path';

/** The part of `node:path` that compares; a test names another system's. */
type Rules = Pick<PlatformPath, 'isAbsolute' | 'relative' | 'sep'>;

/** Whether two absolute paths name one place: on Windows the case of letters does not count. */
export function isSamePath(a: string, b: string, { relative }: Rules = paths): boolean {
  return relative(a, b) === '';
}

/** Whether `path` is `root` or lies below it; to another drive of Windows there is no relative path. */
export function isBelow(root: string, path: string, rules: Rules = paths): boolean {
  const within = rules.relative(root, path);
  return within !== '..' && !within.startsWith(`..${rules.sep}`) && !rules.isAbsolute(within);
}
