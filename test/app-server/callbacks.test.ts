import { describe, expect, it } from 'vitest';
import { type AppServerError, Codex, type CodexOptions } from '../../src/app-server/index.ts';
import { serve, type Wire } from '../support/memory-server.ts';

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;
const unspeakable = {
  toString() {
    throw new Error('no words');
  },
};
class Mute extends Error {
  override get message(): string {
    throw new Error('no words');
  }
}

/** What a callback may do to whoever calls it. */
const DEEDS: Record<string, () => unknown> = {
  'returns a BigInt': () => ({ n: 1n }),
  'returns a cycle': () => cycle,
  'returns what throws when it is written': () => ({
    toJSON() {
      throw new Error('no');
    },
  }),
  'throws an error': () => {
    throw new Error('no');
  },
  'throws null': () => {
    throw null;
  },
  'throws a symbol': () => {
    throw Symbol('no');
  },
  'throws what has no text': () => {
    throw unspeakable;
  },
  'throws an error without words': () => {
    throw new Mute();
  },
  'throws a BigInt': () => {
    throw 1n;
  },
};

/** What the server is answered, and what the user is told. */
async function ask(method: string, options: CodexOptions) {
  const told: AppServerError[] = [];
  let answered: (message: Wire) => void = () => undefined;
  const answer = new Promise<Wire>((resolve) => {
    answered = resolve;
  });
  const { client, send } = serve((message) => message.id === 7 && answered(message));
  await using codex = await Codex.over(client, {
    onCallbackError: (error) => told.push(error),
    ...options,
  });
  const params = { threadId: 'T', turnId: 'U', itemId: 'I', callId: 'I', tool: 't' };
  send({ id: 7, method, params });
  const message = await answer;
  expect(codex.metadata.serverName).toBe('codex');
  return { message, told };
}

describe('a callback', () => {
  it.each(Object.entries(DEEDS))(
    'that %s: the server gets an error, the user is told',
    async (_, deed) => {
      for (const method of ['item/commandExecution/requestApproval', 'item/tool/call']) {
        const callback = async () => deed() as never;
        const options = { onApproval: callback, onServerRequest: callback };
        const { message, told } = await ask(method, options);
        // An object may stand for an approval's decision, if JSON can hold it.
        expect(message).toMatchObject({ error: { code: -32603, message: expect.any(String) } });
        expect(told).toHaveLength(1);
        expect(told[0]).toMatchObject({ code: 'APP_SERVER', fields: { method } });
      }
    },
  );

  it.each([undefined, null, 'yes', 7, true])(
    'that decides %j has not decided: the approval is declined',
    async (value) => {
      const { message, told } = await ask('item/fileChange/requestApproval', {
        onApproval: async () => value as never,
      });
      expect(message).toMatchObject({ error: { code: -32603 } });
      expect(told[0]?.message).toContain('accept, acceptForSession, decline, cancel');
    },
  );

  it('that is told of such an error may fail as well', async () => {
    const { message } = await ask('item/tool/call', {
      onServerRequest: () => 1n,
      onCallbackError: () => {
        throw new Error('again');
      },
    });
    expect(message).toMatchObject({ error: { code: -32603 } });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no');
      },
    ],
  ])('that listens and %s stops neither the reading nor the program', async (_, listener) => {
    const told: AppServerError[] = [];
    const { client, send } = serve(({ id }, reply) => id !== undefined && reply({ id, result: 1 }));
    await using codex = await Codex.over(client, { onCallbackError: (error) => told.push(error) });
    const seen: string[] = [];
    codex.onNotification(listener);
    codex.onNotification(({ method }) => seen.push(method));
    send({ method: 'brand/new' });
    expect(await codex.request('any')).toBe(1);
    expect(seen).toEqual(['brand/new']);
    expect(told).toHaveLength(1);
  });

  it('is not told of requests that it may leave to the client', async () => {
    const { message, told } = await ask('no/such/request', {});
    expect(message).toMatchObject({ error: { code: -32601 } });
    expect(told).toEqual([]);
  });
});
