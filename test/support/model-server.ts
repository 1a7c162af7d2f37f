import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PICTURE = new URL('../../examples/assets/sample-scene.png', import.meta.url);

/** A call of the model, as far as scripts look at it. */
export interface ModelRequest {
  readonly model: string;
  readonly input: readonly {
    readonly type?: string;
    readonly role?: string;
    readonly content?: readonly { readonly type: string; readonly text?: string }[];
    readonly output?: unknown;
  }[];
  readonly tools?: readonly unknown[];
  readonly text?: unknown;
  readonly reasoning?: unknown;
  readonly instructions?: string;
}

interface ToolCall {
  readonly name: string;
  /** Of a tool that lies in one. */
  readonly namespace?: string;
  readonly arguments: unknown;
}

/** One scripted answer. */
export type Answer =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Milliseconds between two deltas. Default 0. */
      readonly delayMs?: number;
      /** `commentary` or `final_answer`; most models send none. */
      readonly phase?: string;
    }
  | ({ readonly kind: 'tool' } & ToolCall)
  /** A call of a tool that takes text. */
  | { readonly kind: 'custom'; readonly name: string; readonly input: string }
  /** Several calls at once. */
  | { readonly kind: 'tools'; readonly calls: readonly ToolCall[] }
  | { readonly kind: 'overload' }
  | { readonly kind: 'slowDown' }
  | { readonly kind: 'tooMany' }
  | { readonly kind: 'disconnect'; readonly text: string }
  | { readonly kind: 'many'; readonly deltas: number; readonly delta: string };

export interface ModelServer {
  /** `http://127.0.0.1:PORT/v1`, the provider's base URL. */
  readonly url: string;
  /** A PNG on the same server. */
  readonly picture: string;
  readonly requests: readonly ModelRequest[];
  /** The Authorization header of each request; empty where it has none. */
  readonly authorizations: readonly string[];
  close(): Promise<void>;
}

/** Answers each call as `script` says; `count` is 1 for the first call. */
export async function startModelServer(
  script: (request: ModelRequest, count: number) => Answer,
): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const authorizations: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.url === '/picture.png') {
      response.writeHead(200, { 'content-type': 'image/png' }).end(await readFile(PICTURE));
      return;
    }
    if (request.method !== 'POST' || request.url?.endsWith('/responses') !== true) {
      response.writeHead(404).end();
      return;
    }
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ModelRequest;
    requests.push(body);
    authorizations.push(request.headers.authorization ?? '');
    await play(script(body, requests.length), response, `r${requests.length}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    picture: `http://127.0.0.1:${port}/picture.png`,
    requests,
    authorizations,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The text that the user said last. */
export function promptOf({ input }: ModelRequest): string {
  const said = input.findLast(({ type, role }) => type === 'message' && role === 'user');
  return said?.content?.findLast(({ text }) => text !== undefined)?.text ?? '';
}

async function play(answer: Answer, response: ServerResponse, id: string): Promise<void> {
  if (answer.kind === 'overload' || answer.kind === 'slowDown') {
    const code = answer.kind === 'overload' ? 'server_is_overloaded' : 'slow_down';
    const error = { code, message: 'busy' };
    response.writeHead(503, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    return;
  }
  if (answer.kind === 'tooMany') {
    const error = { type: 'rate_limited', message: 'slow down' };
    response.writeHead(429, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    return;
  }
  const send = (type: string, rest: Record<string, unknown>) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  send('response.created', { response: { id } });
  if (answer.kind === 'tool' || answer.kind === 'tools') {
    const calls = answer.kind === 'tool' ? [answer] : answer.calls;
    for (const [index, { name, namespace, arguments: args }] of calls.entries()) {
      const where = namespace === undefined ? {} : { namespace };
      const call = { type: 'function_call', call_id: `call-${id}-${index}`, name, ...where };
      send('response.output_item.done', { item: { ...call, arguments: JSON.stringify(args) } });
    }
  } else if (answer.kind === 'custom') {
    const { name, input } = answer;
    const item = { type: 'custom_tool_call', call_id: `call-${id}`, name, input };
    send('response.output_item.done', { item });
  } else {
    const message = { type: 'message', role: 'assistant', id: `message-${id}` };
    const phase = 'phase' in answer ? { phase: answer.phase } : {};
    send('response.output_item.added', { item: { ...message, ...phase, content: [] } });
    const deltas = deltasOf(answer);
    for (const delta of deltas) {
      const flowing = send('response.output_text.delta', { delta });
      if ('delayMs' in answer) await sleep(answer.delayMs);
      else if (!flowing) await new Promise((resolve) => response.once('drain', resolve));
      if (response.destroyed) return;
    }
    if (answer.kind === 'disconnect') {
      response.destroy();
      return;
    }
    const content = [{ type: 'output_text', text: deltas.join('') }];
    send('response.output_item.done', { item: { ...message, ...phase, content } });
  }
  send('response.completed', { response: { id, usage: USAGE } });
  response.end();
}

const USAGE = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 2 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 1 },
  total_tokens: 15,
};

function deltasOf(answer: Extract<Answer, { kind: 'text' | 'disconnect' | 'many' }>): string[] {
  if (answer.kind === 'many') return Array.from({ length: answer.deltas }, () => answer.delta);
  return answer.text.split(/(?<= )/);
}
