import { describe, expect, it } from 'vitest';
import { typeOf } from '../../src/code-mode/declarations.ts';
import { identifierOf, toolSurface } from '../../src/code-mode/tool.ts';

const run = () => null;

describe('toolSurface', () => {
  it('gives tools in the order of their names, with declarations', () => {
    const { guest } = toolSurface([
      { name: 'write', description: 'Writes.', kind: 'freeform', run },
      {
        name: 'read',
        namespace: 'files',
        inputSchema: {
          type: 'object',
          properties: { path: { type: 'string' } },
          required: ['path'],
        },
        outputSchema: { type: 'string' },
        run,
      },
    ]);
    expect(guest).toEqual([
      {
        name: 'files.read',
        path: ['files', 'read'],
        kind: 'function',
        description: '```ts\ntools.files.read(input: { path: string }): Promise<string>;\n```',
        isDeferred: false,
      },
      {
        name: 'write',
        path: ['write'],
        kind: 'freeform',
        description: 'Writes.\n\n```ts\ntools.write(input: string): Promise<unknown>;\n```',
        isDeferred: false,
      },
    ]);
  });

  it.each([
    [
      'one name',
      [
        { name: 'a', run },
        { name: 'a', run },
      ],
    ],
    [
      'names that become one',
      [
        { name: 'a-b', run },
        { name: 'a_b', run },
      ],
    ],
    [
      'a tool and a namespace of one name',
      [
        { name: 'a', run },
        { name: 'x', namespace: 'a', run },
      ],
    ],
    ['an empty name', [{ name: '', run }]],
  ])('refuses %s', (_, tools) => {
    expect(() => toolSurface(tools)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('identifierOf', () => {
  it.each([
    ['lookup', 'lookup'],
    ['web.search-all', 'web_search_all'],
    ['2fast', '_2fast'],
    ['größe', 'größe'],
    ['__proto__', '__proto__'],
    ['a b', 'a_b'],
  ])('makes %s legal', (name, identifier) => {
    expect(identifierOf(name)).toBe(identifier);
  });
});

describe('typeOf', () => {
  it.each([
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ enum: ['a', 1, null] }, '"a" | 1 | null'],
    [{ const: true }, 'true'],
    [{ type: 'array', items: { type: ['string', 'number'] } }, '(string | number)[]'],
    [{ type: 'array', prefixItems: [{ type: 'string' }, {}] }, '[string, unknown]'],
    [{ anyOf: [{ type: 'string' }, { type: 'object' }] }, 'string | Record<string, unknown>'],
    [{ allOf: [{ type: 'string' }, { anyOf: [{ const: 1 }, { const: 2 }] }] }, 'string & (1 | 2)'],
    [
      { type: 'object', properties: { 'a-b': { type: 'string', description: 'ends */ it' } } },
      '{ /** ends * / it */ "a-b"?: string }',
    ],
    [{ type: 'object', additionalProperties: { type: 'number' } }, '{ [key: string]: number }'],
    [{ type: 'object', additionalProperties: false }, '{}'],
    [{ $ref: '#/$defs/a', $defs: { a: { type: 'string' } } }, 'string'],
    [{ $ref: 'https://elsewhere' }, 'unknown'],
    [true, 'unknown'],
    [false, 'never'],
    [{ type: 'other' }, 'unknown'],
  ])('tells %j as %s', (schema, type) => {
    expect(typeOf(schema, schema)).toBe(type);
  });

  it('ends at a schema that holds itself', () => {
    const schema = { type: 'object', properties: { next: { $ref: '#' } }, $defs: {} };
    expect(
      typeOf({ ...schema, properties: { next: { $ref: '#/properties/next' } } }, schema),
    ).toContain('unknown');
  });
});
