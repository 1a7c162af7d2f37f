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

describe('an error that says more', () => {
  it('keeps its code and fields, and is the cause', () => {
    const first = new CodexRuntimeError('DAMAGED', 'a', { hint: 'b', fields: { x: 1, y: 1 } });
    const more = first.with({ message: 'c', fields: { y: 2 } });
    expect(more.toJSON()).toEqual({ code: 'DAMAGED', message: 'c', hint: 'b', x: 1, y: 2 });
    expect(more.cause).toBe(first);
    expect(first.with({ hint: 'd' }).toJSON()).toMatchObject({ message: 'a', hint: 'd' });
  });
});
