import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { fitHelp } from '../../src/cli/fit-help.ts';
import { runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('help', () => {
  it.each(['', ...COMMANDS.map(({ name }) => name)])('of "%s" fits 80 columns', async (name) => {
    const words = name === '' ? ['--help'] : [name, '--help'];
    const env = { COLUMNS: '200' };
    const { stdout, status } = await runCli(words, { dir: await tempDir(), env });
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('fitHelp', () => {
  const word = 'w'.repeat(30);

  it('fills a paragraph again of which one line is too long, and no other', () => {
    const short = 'a\nb';
    const long = `${word} ${word} ${word}\n${word}`;
    const filled = `${word} ${word}\n${word} ${word}`;
    expect(fitHelp(`${short}\n\n${long}\n\n${short}`)).toBe(`${short}\n\n${filled}\n\n${short}`);
  });

  it('puts the remark of a long example below it', () => {
    const [short, long] = ['  command   remark', `  command ${word}   ${word} ${word}`];
    expect(fitHelp(`Examples:\n${short}\n${long}`)).toBe(
      `Examples:\n${short}\n  command ${word}\n      ${word} ${word}`,
    );
  });
});
