import { describe, expect, it } from 'vitest';
import { Codex, InternalRpcError, InvalidRequestError } from '../../src/app-server/index.ts';
import { makeCodexHome } from '../support/codex-home.ts';
import { failure, serve } from '../support/memory-server.ts';
import { startModelServer } from '../support/model-server.ts';
import { realExecutable } from '../support/real-codex.ts';

describe('a stored thread that is refused', () => {
  it.each([
    [-32603, 'failed to load rollout: missing an ordinal on line 7', 'forkThread'],
    [-32600, 'thread t already has an active writer', 'Another app-server'],
    [-32600, 'no rollout found for thread id t', undefined],
  ])('with %i %j has the hint %j', async (code, message, hint) => {
    const { client } = serve(({ id }, send) => {
      if (id !== undefined) send({ id, error: { code, message } });
    });
    await using codex = await Codex.over(client);
    const error = (await failure(codex.resumeThread('t'))) as { hint?: string };
    if (hint === undefined) expect(error.hint).toBeUndefined();
    else expect(error.hint).toContain(hint);
  });

  it('by 0.171.0, because 0.142.0 has written to it, goes on as a fork', async () => {
    const model = await startModelServer(() => ({ kind: 'text', text: 'a' }));
    const home = await makeCodexHome(model.url);
    const start = async (version: string) =>
      Codex.start({ codexPath: await realExecutable(version), env: home.env, cwd: home.work });
    try {
      const threadId = await using_(start('0.171.0'), async (codex) => {
        const thread = await codex.startThread();
        await thread.run('one');
        return thread.id;
      });
      await using_(start('0.142.0'), async (codex) =>
        (await codex.resumeThread(threadId)).run('two'),
      );
      await using_(start('0.171.0'), async (codex) => {
        const error = await failure(codex.resumeThread(threadId));
        expect(error).toBeInstanceOf(InternalRpcError);
        expect(error).toMatchObject({ hint: expect.stringContaining('forkThread') });
        const forked = await codex.forkThread(threadId);
        expect((await forked.run('three')).finalResponse).toBe('a');
      });
    } finally {
      await model.close();
      await home.remove();
    }
  });

  it('by 0.171.0, because another server has it open, says so', async () => {
    const codexPath = await realExecutable('0.171.0');
    const model = await startModelServer(() => ({ kind: 'text', text: 'a' }));
    const home = await makeCodexHome(model.url);
    try {
      await using first = await Codex.start({ codexPath, env: home.env, cwd: home.work });
      await using second = await Codex.start({ codexPath, env: home.env, cwd: home.work });
      const thread = await first.startThread();
      await thread.run('one');
      const error = await failure(second.resumeThread(thread.id));
      expect(error).toBeInstanceOf(InvalidRequestError);
      expect(error).toMatchObject({ hint: expect.stringContaining('Another app-server') });
    } finally {
      await model.close();
      await home.remove();
    }
  });
});

async function using_<T>(starting: Promise<Codex>, work: (codex: Codex) => Promise<T>): Promise<T> {
  await using codex = await starting;
  return await work(codex);
}
