import { describe, expect, it } from 'vitest';
import { CodexRuntimeError, EXIT_STATUS, escapeControls, joinHints } from '../src/errors.ts';

describe('escapeControls', () => {
  it.each([
    ['\u001b[2J', '\\u001b[2J'],
    ['a\rb', 'a\\u000db'],
    ['\u202egnp', '\\u202egnp'],
    ['::error::x', '\\u003a:error::x'],
    ['ok\n::set-output name=a::b', 'ok\n\\u003a:set-output name=a::b'],
    ['ok\n   ::add-path::x', 'ok\n   \\u003a:add-path::x'],
    ['see ##[add-path]x', 'see \\u0023#[add-path]x'],
  ])('shows %j as %j', (text, shown) => {
    expect(escapeControls(text)).toBe(shown);
  });

  it('leaves words, line breaks and colons within a line alone', () => {
    const text = 'a b\nhttps://[::1]:80/x::y ## [1] é 日本';
    expect(escapeControls(text)).toBe(text);
  });
});

describe('CodexRuntimeError', () => {
  it('escapes its message and hint, and knows the exit status of its code', () => {
    const error = new CodexRuntimeError('DAMAGED', '::a', { hint: '\u0007' });
    expect(error.message).toBe('\\u003a:a');
    expect(error.hint).toBe('\\u0007');
    expect(error.exitStatus).toBe(EXIT_STATUS.DAMAGED);
  });
});

it('joinHints says each piece of advice once', () => {
  expect(joinHints(['Go.', undefined, 'Stay.', 'Go.'])).toBe('Go. Stay.');
  expect(joinHints([undefined])).toBeUndefined();
});
