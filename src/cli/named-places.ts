import { resolve } from 'node:path';
import { type NamedPlaces, sameCommands } from '../child/same-command.ts';

/** Advice for whoever gave these words: its commands name the same home and lockfile. */
export function adviceFor(words: readonly string[], text: string): string {
  return sameCommands(text, namedPlaces(words));
}

/** The places that a command line names; behind `--` it is another program's. */
function namedPlaces(words: readonly string[]): NamedPlaces {
  const separator = words.indexOf('--');
  const ours = words.slice(0, separator === -1 ? words.length : separator);
  const given = (flag: string) => {
    const at = ours.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
    const word = ours[at];
    const value = word === flag ? ours[at + 1] : word?.slice(flag.length + 1);
    return value === undefined || value === '' ? undefined : resolve(value);
  };
  return { home: given('--home'), lockfile: given('--lockfile') };
}
