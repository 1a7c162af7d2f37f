import { describe, expect, it } from 'vitest';
import { compareProtocols, renderDifference } from '../../scripts/compare-protocols.ts';

const from = new Map([
  [
    'ClientRequest',
    'export type ClientRequest ={ "method": "a", id: 1 } | { "method": "b", id: 1 };',
  ],
  ['ServerNotification', 'export type ServerNotification = { "method": "told", "params": X };'],
  ['v2/Turn', 'export type Turn = { id: string, /** Why, or what. */ error: null | string, };'],
  ['v2/Word', 'export type Word = "one" | "two";'],
  ['v2/Gone', 'export type Gone = string;'],
]);

describe('compareProtocols', () => {
  it('says which methods, types and members came, went and changed', () => {
    const to = new Map(from)
      .set(
        'ClientRequest',
        'export type ClientRequest ={ "method": "b", id: 1 } | { "method": "c", id: 1 };',
      )
      .set(
        'v2/Turn',
        'export type Turn = { id: string, error: null | string, startedAt?: number, };',
      )
      .set('v2/Word', 'export type Word = "one" | "three";')
      .set('v2/New', 'export type New = string;');
    to.delete('v2/Gone');
    const difference = compareProtocols(from, to);
    expect(difference.requests).toEqual({ added: ['c'], removed: ['a'] });
    expect(difference.notifications).toEqual({ added: [], removed: [] });
    expect(difference.types.added).toEqual(['v2/New']);
    expect(difference.types.removed).toEqual(['v2/Gone']);
    expect(difference.types.changed).toEqual({
      'v2/Turn': { added: ['startedAt?: number'], removed: [] },
      'v2/Word': { added: ['"three"'], removed: ['"two"'] },
    });
    expect(renderDifference(difference)).toContain('Requests:\n  + c\n  - a');
  });

  it('says that nothing differs', () => {
    expect(renderDifference(compareProtocols(from, from))).toBe('Nothing differs.');
  });
});
