import type { Dispatcher } from 'undici';
import { type Body, FedBody } from './body.ts';
import type { ResponseHeaders } from './rate-limit.ts';

export interface Answer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Body;
}

/**
 * Sends one request and resolves with the final answer's head; rejects with the client's error or
 * the reason of the abort.
 */
export function send(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let body: FedBody | undefined;
    let stop: (() => void) | undefined;
    const settle = () => {
      if (stop !== undefined) signal?.removeEventListener('abort', stop);
    };
    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        stop = () => controller.abort(reasonOf(signal));
        if (signal?.aborted === true) stop();
        else signal?.addEventListener('abort', stop, { once: true });
      },
      onResponseStart(controller, status, headers) {
        // An informational answer is followed by the final one.
        if (status < 200) return;
        body = new FedBody(controller);
        resolve({ status, headers: firstValues(headers), body });
      },
      onResponseData(_, chunk) {
        body?.feed(chunk);
      },
      onResponseEnd() {
        settle();
        body?.end();
      },
      onResponseError(_, error) {
        settle();
        if (body === undefined) reject(error);
        else body.fail(error);
      },
    });
  });
}

function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('aborted');
}

function firstValues(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): ResponseHeaders {
  const entries = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    Array.isArray(value) ? value[0] : value,
  ]);
  return Object.fromEntries(entries) as ResponseHeaders;
}
