import { linkedTransports, type Transport } from '../../src/app-server/index.ts';

export type Wire = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
};

export type Send = (message: object) => void;

/**
 * A server in memory: `answer` gets every message but the introduction, and may send any number of
 * others.
 */
export function serve(answer: (message: Wire, send: Send) => void): {
  client: Transport;
  server: Transport;
  send: Send;
} {
  const [client, server] = linkedTransports();
  const send = (message: object) => server.send(JSON.stringify(message));
  server.start({
    onMessage: (text) => {
      const message = JSON.parse(text) as Wire;
      if (message.method === 'initialize') {
        send({ id: message.id, result: { userAgent: 'codex-runtime/0.1.2-alpha.3 (x)' } });
      } else answer(message, send);
    },
    onClose: () => undefined,
  });
  return { client, server, send };
}

/** What a promise is rejected with; undefined when it is not. */
export function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Whether it settles within `ms`. */
export async function settles(promise: PromiseLike<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = Promise.resolve(promise).then(
    () => true,
    () => true,
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}
