import { shellWord } from '../../child/shell-word.ts';
import { DEFAULT_PACKAGE_NAME } from '../../package/stage/index.ts';
import type { PrefixLayout } from './layout.ts';

/** The flags with which a command means this package again, for hints. */
export function prefixFlags({ prefix, global }: PrefixLayout, name: string): readonly string[] {
  return [
    `--prefix ${shellWord(prefix)}`,
    ...(global ? ['-g'] : []),
    ...(name === DEFAULT_PACKAGE_NAME ? [] : [`--name ${name}`]),
  ];
}
