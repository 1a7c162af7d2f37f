import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definition as exec } from '../../src/cli/commands/exec.ts';
import { definition as install } from '../../src/cli/commands/install.ts';
import { definition as which } from '../../src/cli/commands/which.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { type CommandDefinition, defineCommand, type Words } from '../../src/cli/define-command.ts';
import { readPlainWords } from '../../src/cli/plain-words.ts';

/** What commander makes of the same words; undefined where it refuses them. */
async function commanders(
  definition: CommandDefinition,
  words: readonly string[],
): Promise<Words | undefined> {
  let read: Words | undefined;
  const recording = {
    ...definition,
    run: async (_: CliContext, given: Words) => {
      read = given;
      return 0;
    },
  };
  const command = defineCommand(recording, {} as CliContext, () => undefined).exitOverride();
  command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  await command.parseAsync(words, { from: 'user' }).catch(() => undefined);
  return read;
}

const VALUES = ['1.2.3', 'demo', '', ' ', '-x', '--json', 'package', 'python', 'linux-x64', '--'];
const SWITCHES = [
  '-q',
  '-g',
  '-qg',
  '--help',
  '-h',
  '--prefix=demo',
  '--unknown',
  '-',
  '--no-json',
];

describe.each([
  ['install', install as CommandDefinition],
  ['which', which as CommandDefinition],
  ['exec', exec as CommandDefinition],
])('plain words of %s', (_, definition) => {
  const own = definition.flags.flatMap(({ flags }) => flags.split(' <')[0]?.split(', ') ?? []);
  const word = fc.constantFrom(...own, ...own, ...VALUES, ...SWITCHES);

  it('are what commander would read, or none', async () => {
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
        const read = readPlainWords(definition, words);
        if (read === undefined) return;
        plain += 1;
        expect(read).toEqual(await commanders(definition, words));
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it.each([
    [['1.2.3', '--prefix', 'demo', '--json']],
    [['--frozen', '-q', '--home', '/h', '--variant', 'package']],
    [[]],
  ])('are read: %j', async (words) => {
    const read = readPlainWords(definition, words);
    expect(read).toBeDefined();
    expect(read).toEqual(await commanders(definition, words));
  });
});

it('leaves what needs an explanation to commander', () => {
  const read = (...words: string[]) => readPlainWords(install, words);
  expect(read('--prefix')).toBeUndefined();
  expect(read('--prefix', '')).toBeUndefined();
  expect(read('--variant', 'whole')).toBeUndefined();
  expect(read('1.2.3', '4.5.6')).toBeUndefined();
  expect(read('1.2.3', '--', 'x')).toBeUndefined();
  expect(read('--help')).toBeUndefined();
});

it('keeps the words of Codex as they are', () => {
  const words = ['1.2.3', '-q', '--', 'exec', '--json', '--', '-x'];
  expect(readPlainWords(exec, words)).toMatchObject({
    operands: ['1.2.3', 'exec', '--json', '--', '-x'],
    flags: { quiet: true },
  });
});
