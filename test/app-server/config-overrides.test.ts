import { describe, expect, it } from 'vitest';
import { configArguments } from '../../src/app-server/config-overrides.ts';

describe('config overrides', () => {
  it('are dotted keys with TOML values', () => {
    const config = {
      model: 'a "quoted"\n\\ name\u007f',
      count: 3,
      ratio: 0.5,
      on: true,
      off: undefined,
      list: ['a', 1, [false]],
      tools: { web_search: true, deep: { er: 1 } },
      odd: { 'a.b': { c: 'd' }, e: 1 },
      empty: {},
    };
    const args = configArguments(config);
    expect(args.filter((_, index) => index % 2 === 0).every((flag) => flag === '--config')).toBe(
      true,
    );
    const assignments = args.filter((_, index) => index % 2 === 1);
    expect(assignments).toEqual([
      'model="a \\"quoted\\"\\n\\\\ name\\u007f"',
      'count=3',
      'ratio=0.5',
      'on=true',
      'list=["a", 1, [false]]',
      'tools.web_search=true',
      'tools.deep.er=1',
      'odd={ "a.b" = { "c" = "d" }, "e" = 1 }',
      'empty={}',
    ]);
  });

  it.each([[{ a: Number.NaN }], [{ a: null }], [{ 'a=b': 1 }], [{ a: () => 1 }]])(
    'refuse what TOML cannot say: %o',
    (config) => {
      expect(() => configArguments(config as never)).toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      );
    },
  );
});
