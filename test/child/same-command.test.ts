import { describe, expect, it } from 'vitest';
import { sameCommands } from '../../src/child/same-command.ts';

const NAMED = { home: '/my home', lockfile: '/l.json' };

describe('the commands of a text of advice', () => {
  it.each([
    ['Run codex-runtime list.', "Run codex-runtime list --home '/my home'."],
    ['or "codex-runtime pin 1.2.3" it', 'or "codex-runtime pin --lockfile /l.json 1.2.3" it'],
    [
      '(codex-runtime exec -- --version)',
      "(codex-runtime exec --home '/my home' --lockfile /l.json -- --version)",
    ],
    [
      '"codex-runtime uninstall -g"; "codex-runtime verify"',
      `"codex-runtime uninstall --home '/my home' -g"; "codex-runtime verify --home '/my home' --lockfile /l.json"`,
    ],
  ])('name the places that were named: %s', (text, expected) => {
    expect(sameCommands(text, NAMED)).toBe(expected);
    expect(sameCommands(expected, NAMED)).toBe(expected);
  });

  it.each([
    'Update codex-runtime, or remove it.',
    'Run codex-runtime install --help for its options and examples.',
    '"codex-runtime pack --out" wrote it',
    'move /srv/codex-runtime install away',
    'a newer codex-runtime installed it',
  ])('are left alone where the places change nothing: %s', (text) => {
    expect(sameCommands(text, NAMED)).toBe(text);
  });

  it('need no flag where nothing was named', () => {
    expect(sameCommands('Run "codex-runtime list".', {})).toBe('Run "codex-runtime list".');
  });
});
