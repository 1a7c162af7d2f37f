import type {
  Agent,
  IncomingMessage,
  ClientRequest as NodeRequest,
  RequestOptions,
} from 'node:http';
import { FedBody } from './body.ts';
import type { Answer, Client, ClientRequest, HttpTimeouts } from './client.ts';
import { firstValues } from './headers.ts';

/**
 * Node's own client, with an agent that knows the way. Its parser is native: with undici's, which is
 * WebAssembly, an installation of 118 MB took 1.05 s in place of 0.98 s.
 */
export function createNodeClient(agent: Agent, timeouts: HttpTimeouts): Client {
  return {
    async get({ url, headers, signal }) {
      const { request } = await (url.protocol === 'https:'
        ? import('node:https')
        : import('node:http'));
      // Node would connect all the same.
      signal?.throwIfAborted();
      return receive(request({ ...whereTo(url), agent, headers }), timeouts, signal);
    },
    close: () => Promise.resolve(agent.destroy()),
  };
}

/** Without the URL's name and password: credentials come as a header, and for one origin. */
function whereTo({ protocol, hostname, port, pathname, search }: URL): RequestOptions {
  // What connects takes an IPv6 address without the URL's brackets.
  const host = hostname.replace(/^\[|\]$/g, '');
  return { protocol, host, port, path: `${pathname}${search}` };
}

function receive(
  request: NodeRequest,
  timeouts: HttpTimeouts,
  signal: ClientRequest['signal'],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let body: FedBody | undefined;
    const abort = () => {
      const reason = new Error('aborted');
      // First: a request that is destroyed drops what waits in its answer and ends it like a whole one.
      body?.destroy(reason);
      request.destroy(reason);
    };
    const endWait = limitWait(request, timeouts);
    request.once('response', (response) => {
      endWait();
      body = feed(response, timeouts.stall);
      resolve({
        status: response.statusCode ?? 0,
        headers: firstValues(response.headersDistinct),
        body,
      });
    });
    request.on('error', reject);
    request.once('close', () => {
      endWait();
      signal?.removeEventListener('abort', abort);
      // Where nothing has told why: no effect after an answer or an error.
      reject(closedEarly());
    });
    signal?.addEventListener('abort', abort, { once: true });
    request.end();
  });
}

/** Gives up a connection that does not come about, and then an answer that does not come. */
function limitWait(request: NodeRequest, timeouts: HttpTimeouts): () => void {
  const limit = (code: string, milliseconds: number) =>
    setTimeout(() => request.destroy(timeout(code)), milliseconds);
  let timer = limit('ETIMEDOUT', timeouts.connect);
  const awaitAnswer = () => {
    clearTimeout(timer);
    timer = limit('ERR_HEADERS_TIMEOUT', timeouts.headers);
  };
  request.once('socket', (socket) => {
    if (!socket.connecting) return awaitAnswer();
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', awaitAnswer);
  });
  return () => clearTimeout(timer);
}

function feed(response: IncomingMessage, stall: number): FedBody {
  const watch = watchFor(response, stall);
  const body = new FedBody({
    pause: () => response.pause(),
    resume: () => {
      // A pause is no stall: from here on the server's silence counts again.
      watch?.refresh();
      response.resume();
    },
    abort: (reason) => response.destroy(reason),
  });
  response.on('data', (chunk: Buffer) => {
    watch?.refresh();
    body.feed(chunk);
  });
  response.once('end', () => body.end());
  response.once('error', (error) => body.fail(error));
  response.once('close', () => {
    clearTimeout(watch);
    body.fail(closedEarly());
  });
  return body;
}

/** Not the socket's own time-out: a request hears of that once, and that may be in a pause. */
function watchFor(response: IncomingMessage, stall: number): NodeJS.Timeout | undefined {
  if (stall === 0) return undefined;
  return setTimeout(() => {
    if (!response.isPaused()) response.destroy(timeout('ERR_BODY_TIMEOUT'));
  }, stall);
}

function timeout(code: string): Error {
  return Object.assign(new Error('timed out'), { code });
}

function closedEarly(): Error {
  return Object.assign(new Error('closed early'), { code: 'ECONNRESET' });
}
