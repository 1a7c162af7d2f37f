import type { Command } from 'commander';
import type { Ecosystem } from '../request/index.ts';
import { addFlags, type Flag, type PrefixFlags } from './flags.ts';
import { given } from './library-options.ts';
import { nonEmpty } from './option-values.ts';

/** Flags of the commands that know Python environments beside npm's prefixes. */
export interface PlaceFlags extends PrefixFlags {
  readonly ecosystem?: Ecosystem;
  readonly python?: string;
}

export const PLACE_FLAGS: readonly Flag[] = [
  {
    flags: '--ecosystem <name>',
    description: 'an npm prefix, or a Python environment through its pip',
    choices: ['node', 'python'],
    default: 'node',
  },
  {
    flags: '--python <exe>',
    description:
      'the interpreter of --ecosystem python (default: the active environment, or .venv here)',
    parse: nonEmpty,
  },
];

export function addPlaceFlags(command: Command): Command {
  return addFlags(command, PLACE_FLAGS);
}

/** What the flags add to the library's options; absent where nothing was said. */
export function placeOptions({ ecosystem, python }: PlaceFlags): {
  readonly ecosystem?: Ecosystem;
  readonly python?: string;
} {
  return given({ ecosystem, python });
}
