import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../src/app-server/connection/message.ts';
import { scopeOf } from '../../src/app-server/connection/notification.ts';
import { ProtocolError } from '../../src/app-server/errors.ts';

describe('a message', () => {
  it.each([
    ['{"method":"m","params":{"a":1},"b":2}', { kind: 'notification' }],
    ['{"id":0,"method":"m"}', { kind: 'request', id: 0, method: 'm', params: undefined }],
    ['{"id":"","method":"m"}', { kind: 'request', id: '' }],
    ['{"id":0,"result":null}', { kind: 'result', id: 0, result: null }],
    ['{"id":0}', { kind: 'result', id: 0 }],
    ['{"id":0,"result":1,"error":null}', { kind: 'result', id: 0, result: 1 }],
    ['{"id":0,"error":{"code":1}}', { kind: 'error', id: 0, error: { code: 1 } }],
    ['{"id":null,"method":"m"}', { kind: 'notification' }],
  ])('%s is understood', (text, expected) => {
    expect(parseMessage(text)).toMatchObject(expected);
  });

  it.each(['', 'x', '1', 'null', '[]', '{}', '{"id":{}}', '{"method":1}', '{"error":{"code":1}}'])(
    '%j is refused',
    (text) => {
      expect(() => parseMessage(text)).toThrow(ProtocolError);
    },
  );

  it('shows only the beginning of a long line that it refuses', () => {
    const refuse = () => parseMessage('x'.repeat(1_000_000));
    expect(refuse).toThrow(expect.objectContaining({ fields: { line: expect.any(String) } }));
    try {
      refuse();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(400);
    }
  });

  it('is never anything but a message or a typed error, and its scope is always known', () => {
    const member = fc.constantFrom('id', 'method', 'params', 'result', 'error', 'turnId', 'turn');
    const message = fc.dictionary(member, fc.jsonValue());
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          message.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          try {
            const parsed = parseMessage(text);
            if (parsed.kind === 'notification') scopeOf(parsed.notification.params);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
