import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figures, inParallel } from './experiment.ts';
import { makeSite, NEW, runCommand, startReleases } from './site.ts';

export interface HostileWordsOptions {
  /** How many of the words to try; all when there are fewer. */
  readonly words: number;
  /** Runs at the same time. */
  readonly jobs: number;
}

const WORDS: readonly string[] = [
  '-rf',
  '--version',
  '--repo=evil/evil',
  '--hostname=evil.example',
  'a\n::set-output name=path::evil',
  '::add-mask::x',
  '\u001b[2J\u001b]0;title\u0007',
  '\u009b31m',
  '\u202egnp.exe',
  'with space',
  `quotes'"\`$(touch evil)`,
  '; touch evil;',
  'a/../..',
  '%00',
  'x'.repeat(5_000),
  '\r\nHost: evil.example',
  '{"json": true}',
  '0.115.0/../../x',
  '<script>',
  // One that is not hostile, so that gh is asked at all.
  'rc.1',
];

/** Where a user's or a script's word can go. */
const PLACES: readonly ((word: string) => readonly string[])[] = [
  (word) => ['install', `--prefix=PREFIX`, '--', word],
  (word) => ['install', NEW, `--prefix=PREFIX/${word}`],
  (word) => ['install', NEW, '--prefix=PREFIX', `--repo=${word}`, '--source=api,browser,gh'],
  (word) => ['install', NEW, '--prefix=PREFIX', `--repo=owner/${word}`, '--source=gh'],
  (word) => ['install', `0.1.0-${word}`, '--prefix=PREFIX', '--source=gh'],
  (word) => ['install', NEW, '--prefix=PREFIX', `--name=${word}`],
  (word) => ['install', NEW, '--prefix=PREFIX', `--target=${word}`],
  (word) => ['install', NEW, '--prefix=PREFIX', `--source=${word}`],
  (word) => ['install', NEW, '--prefix=PREFIX', `--source=dir:${word}`],
  (word) => ['uninstall', '--prefix=PREFIX', '--', word],
  (word) => ['resolve', '--', word],
];

/** What gh may be given that starts with a dash, before its `--`. */
const OPTIONS = /^(--(repo|pattern|dir|hostname|method)(=|$)|-(H|X)$|--$)/;

/**
 * Gives hostile words wherever a word can go: the answer is typed, nothing printed moves a cursor
 * or starts with `::`, and a word never becomes an option of gh.
 */
export async function giveHostileWords(options: HostileWordsOptions): Promise<Figures> {
  await using github = await startReleases();
  const failures: string[] = [];
  const figures = { runs: 0, refused: 0, ghArguments: 0 };
  const trials = PLACES.flatMap((place) => WORDS.map((word) => ({ place, word })));
  const step = Math.max(1, trials.length / options.words);
  const chosen = trials.filter(
    (_, index) => Math.floor(index / step) > Math.floor((index - 1) / step),
  );
  await inParallel(options.jobs, chosen, async ({ place, word }) => {
    await using site = await makeSite(github);
    const bin = join(site.root, 'bin');
    await mkdir(bin);
    const gh = fileURLToPath(new URL('./fixtures/talkative-gh.sh', import.meta.url));
    await copyFile(gh, join(bin, 'gh'));
    await chmod(join(bin, 'gh'), 0o755);
    const env = { PATH: `${bin}:${site.env['PATH']}`, GH_TOKEN: 'not-a-token' };
    const words = place(word).map((each) => each.replace('PREFIX', site.prefix));
    const { status, signal, stdout, stderr } = await runCommand(site, words, env);
    const where = JSON.stringify(words).slice(0, 200);
    figures.runs += 1;
    figures.refused += status === 0 ? 0 : 1;
    if (status === 1 || status === null) failures.push(`${where}: ${status ?? signal} ${stderr}`);
    const spoken = unprintable(stdout + stderr);
    if (spoken !== undefined) failures.push(`${where}: prints ${JSON.stringify(spoken)}`);
    const argv = (await readFile(join(bin, 'gh.log'), 'utf8').catch(() => ''))
      .split('\n')
      .slice(0, -1);
    figures.ghArguments += argv.length;
    const options = argv.filter((each) => each.startsWith('-') && !OPTIONS.test(each.trim()));
    if (options.length > 0) failures.push(`${where}: gh was given ${options.join(' ')}`);
  });
  if (figures.ghArguments === 0) failures.push('gh was never asked');
  return { figures, failures };
}

/** The first thing in a text that a terminal or a CI runner would obey. */
function unprintable(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
  return /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|^::.*/m.exec(
    text,
  )?.[0];
}
