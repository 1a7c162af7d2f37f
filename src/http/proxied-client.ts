import type { ConnectionOptions } from 'node:tls';
import type { Dispatcher } from 'undici';
import { FedBody } from './body.ts';
import type { Answer, Client, ClientRequest, HttpTimeouts } from './client.ts';
import { firstValues } from './headers.ts';
import type { ProxySettings } from './proxy.ts';

export interface ProxiedOptions {
  readonly timeouts: HttpTimeouts;
  readonly proxies: ProxySettings;
  /** Which authorities are trusted; without a context, Node's own. */
  readonly connect: Pick<ConnectionOptions, 'secureContext'>;
}

/** undici, which knows proxies: Node's own client learned them with version 24. */
export async function openProxiedClient({
  timeouts,
  proxies,
  connect,
}: ProxiedOptions): Promise<Client> {
  const { EnvHttpProxyAgent } = await import('undici');
  const tls = { timeout: timeouts.connect, autoSelectFamily: true, ...connect };
  const agent = new EnvHttpProxyAgent({
    ...proxies,
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
    // Plain http goes to a proxy in absolute form, as every proxy takes it; https is tunnelled.
    proxyTunnel: false,
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.stall,
  });
  return {
    get: (request) => dispatch(agent, request),
    close: () => agent.destroy(),
  };
}

function dispatch(
  dispatcher: Dispatcher,
  { url, headers, signal }: ClientRequest,
): Promise<Answer> {
  const { origin, pathname, search } = url;
  const options = { method: 'GET', origin, path: `${pathname}${search}`, headers } as const;
  return new Promise((resolve, reject) => {
    let body: FedBody | undefined;
    let abort: (() => void) | undefined;
    const settle = () => {
      if (abort !== undefined) signal?.removeEventListener('abort', abort);
    };
    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        abort = () => controller.abort(new Error('aborted'));
        if (signal?.aborted === true) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      },
      onResponseStart(controller, status, received) {
        // An informational answer is followed by the final one.
        if (status < 200) return;
        body = new FedBody(controller);
        resolve({ status, headers: firstValues(received), body });
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
