import { describe, expect, it } from 'vitest';
import { toRpcError } from '../../src/app-server/connection/rpc-error.ts';
import {
  InternalRpcError,
  InvalidParamsError,
  InvalidRequestError,
  isRetryableError,
  JsonRpcError,
  MethodNotFoundError,
  ParseError,
  RetryLimitExceededError,
  ServerBusyError,
} from '../../src/app-server/errors.ts';
import { CodexRuntimeError } from '../../src/errors.ts';

const busyData = { codexErrorInfo: 'serverOverloaded' };

describe('an error answer', () => {
  it.each([
    [-32700, undefined, ParseError, false],
    [-32600, undefined, InvalidRequestError, false],
    [-32601, undefined, MethodNotFoundError, false],
    [-32602, undefined, InvalidParamsError, false],
    [-32603, undefined, InternalRpcError, false],
    [-32001, undefined, ServerBusyError, true],
    [-32050, busyData, ServerBusyError, true],
    [-32050, { reason: 'server_overloaded' }, ServerBusyError, true],
    [-32050, { reason: 'other' }, JsonRpcError, false],
    [17, busyData, JsonRpcError, false],
  ])('%i with data %j has its type', (code, data, type, retryable) => {
    const error = toRpcError('a/method', { code, message: 'said', data });
    expect(error.constructor).toBe(type);
    expect(error).toBeInstanceOf(CodexRuntimeError);
    expect(error).toMatchObject({ code: 'APP_SERVER', rpcCode: code, data });
    expect(error.toJSON()).toMatchObject({ rpcCode: code, method: 'a/method' });
    expect(isRetryableError(error)).toBe(retryable);
  });

  it('that names the retry limit is one', () => {
    const error = toRpcError('m', { code: -32010, message: 'exceeded retry limit' });
    expect(error).toBeInstanceOf(RetryLimitExceededError);
    expect(isRetryableError(error)).toBe(true);
  });

  it.each([null, 'text', {}, { code: 'x', message: 4 }])('may be malformed: %j', (wire) => {
    expect(toRpcError('m', wire)).toMatchObject({ rpcCode: null });
  });

  it('cannot move a cursor', () => {
    expect(toRpcError('m', { code: 1, message: '\u001b[2J' }).message).not.toContain('\u001b');
  });
});
