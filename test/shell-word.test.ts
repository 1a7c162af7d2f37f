import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from '../src/shell-word.ts';

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
