import type { Agent, IncomingMessage, ClientRequest as NodeRequest } from 'node:http';
import { urlToHttpOptions } from 'node:url';
import { FedBody } from './body.ts';
import type { Answer, Client, ClientRequest, HttpTimeouts } from './client.ts';

/**
 * Node's own client, with an agent that knows the way. Its parser is native: with undici's, which is
 * WebAssembly, an installation takes a tenth longer (`npm run bench`).
 */
export function createNodeClient(agent: Agent, timeouts: HttpTimeouts): Client {
  return {
    async get({ url, headers, signal }) {
      const { request } = await (url.protocol === 'https:'
        ? import('node:https')
        : import('node:http'));
      // A name and password in the URL are not sent: credentials come as a header, and for one origin.
      const options = { ...urlToHttpOptions(url), auth: undefined, agent, headers };
      return receive(request(options), timeouts, signal);
    },
    close: () => Promise.resolve(agent.destroy()),
  };
}

function receive(
  request: NodeRequest,
  timeouts: HttpTimeouts,
  signal: ClientRequest['signal'],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const abort = () => request.destroy(new Error('aborted'));
    const endWait = limitWait(request, timeouts);
    request.once('response', (response) => {
      endWait();
      resolve({
        status: response.statusCode ?? 0,
        headers: firstValues(response),
        body: feed(request, response, timeouts.stall),
      });
    });
    request.on('error', reject);
    request.once('close', () => {
      endWait();
      signal?.removeEventListener('abort', abort);
      // Where nothing has told why: no effect after an answer or an error.
      reject(closedEarly());
    });
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
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

function feed(request: NodeRequest, response: IncomingMessage, stall: number): FedBody {
  const body = new FedBody({
    pause: () => response.pause(),
    resume: () => {
      // A pause is no stall: from here on the server's silence counts again.
      request.setTimeout(stall);
      response.resume();
    },
    abort: (reason) => response.destroy(reason),
  });
  response.on('data', (chunk: Buffer) => body.feed(chunk));
  response.once('end', () => body.end());
  response.once('error', (error) => body.fail(error));
  response.once('close', () => body.fail(closedEarly()));
  request.setTimeout(stall, () => {
    if (!response.isPaused()) response.destroy(timeout('ERR_BODY_TIMEOUT'));
  });
  return body;
}

function timeout(code: string): Error {
  return Object.assign(new Error('timed out'), { code });
}

function closedEarly(): Error {
  return Object.assign(new Error('closed early'), { code: 'ECONNRESET' });
}

function firstValues({ headersDistinct }: IncomingMessage): Answer['headers'] {
  const entries = Object.entries(headersDistinct).map(([name, values]) => [name, values?.[0]]);
  return Object.fromEntries(entries) as Answer['headers'];
}
