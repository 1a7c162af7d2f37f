import { shellWord } from './shell-word.ts';

/** What a run was told by options. A variable needs no flag: it stays set. */
export interface NamedPlaces {
  /** Absolute. */
  readonly home?: string | undefined;
  /** Absolute path of the lockfile, or of its directory. */
  readonly lockfile?: string | undefined;
}

/** Which of our commands means something else with another home, or another lockfile. */
const TAKES: Readonly<Record<keyof NamedPlaces, readonly string[]>> = {
  home: ['doctor', 'exec', 'install', 'list', 'prune', 'uninstall', 'verify', 'which'],
  lockfile: ['doctor', 'exec', 'install', 'pin', 'verify', 'which'],
};

/** One of our commands in a sentence that does not say yet which places it means. */
const COMMAND =
  /(?<=^|["\s(])codex-runtime ([a-z]+)(?=$|["\s).,;:])(?! --(?:home|lockfile|help)\b)/g;

/**
 * A text of advice, whose commands name the places that this run was told: followed to the letter,
 * they then act where the run acted. The flags come first, so that they stay before a `--`.
 */
export function sameCommands(text: string, named: NamedPlaces): string {
  return text.replace(COMMAND, (command, verb: string) => {
    const flags = (['home', 'lockfile'] as const).flatMap((place) => {
      const path = named[place];
      return path !== undefined && TAKES[place].includes(verb)
        ? [`--${place} ${shellWord(path)}`]
        : [];
    });
    return [command, ...flags].join(' ');
  });
}
