import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from '../../src/child/shell-word.ts';

it.each(['/home/me/a b', "/home/o'neil", '$HOME', '*', '>=1.0.0 <2.0.0-0', '`id`', ''])(
  'a shell reads %j as the one word that it is',
  (text) => {
    const said = execFileSync('/bin/sh', ['-c', `printf '%s|' ${shellWord(text)}`]).toString();
    expect(said).toBe(`${text}|`);
  },
);

it('leaves what needs no quotes as it is', () => {
  for (const text of ['0.115.0', '/home/me/.venv/bin/python', '@example/codex', 'C:\\Codex']) {
    expect(shellWord(text)).toBe(text);
  }
});

it.each([
  ['C:\\Program Files\\x', '"C:\\Program Files\\x"'],
  ['C:\\a & b', '"C:\\a & b"'],
  ['C:\\with space\\', '"C:\\with space\\\\"'],
  ["C:\\o'neil", '"C:\\o\'neil"'],
  ['>=1.0.0 <2.0.0-0', '">=1.0.0 <2.0.0-0"'],
  ['', '""'],
  ['C:\\Codex', 'C:\\Codex'],
])('writes %j for the shells of Windows as %s', (text, word) => {
  expect(shellWord(text, 'win32')).toBe(word);
});
