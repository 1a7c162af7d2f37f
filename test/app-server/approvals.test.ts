import { beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalDecision, ApprovalRequest } from '../../src/app-server/index.ts';
import { type Answer, type ModelRequest, promptOf } from '../support/model-server.ts';
import { describeReal, realExecutable, startRealCodex } from '../support/real-codex.ts';

/** A model that wants one command outside the sandbox, then tells what came of it. */
function wantsCommand(request: ModelRequest): Answer {
  const output = request.input.findLast(({ type }) => type === 'function_call_output');
  if (output !== undefined) return { kind: 'text', text: `came: ${JSON.stringify(output.output)}` };
  const args = {
    cmd: 'echo approved-$((40+2))',
    sandbox_permissions: 'require_escalated',
    justification: 'May I?',
  };
  return { kind: 'tool', name: 'exec_command', arguments: args };
}

describeReal('approvals', (version) => {
  it('let a command run when the callback accepts', async () => {
    const asked: ApprovalRequest[] = [];
    await using real = await startRealCodex(version, wantsCommand, {
      onApproval: async (request) => {
        asked.push(request);
        return 'accept';
      },
    });
    const result = await real.codex.startThread().run('go');
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ kind: 'command', threadId: result.threadId });
    expect(asked[0]?.params.reason).toBe('May I?');
    expect(result.finalResponse).toContain('approved-42');
    expect(result.items).toContainEqual(
      expect.objectContaining({ type: 'commandExecution', exitCode: 0, status: 'completed' }),
    );
  });

  it.each<[string, () => Promise<ApprovalDecision>]>([
    ['declines', async () => 'decline'],
    [
      'throws',
      async () => {
        throw new Error('no idea');
      },
    ],
  ])('keep a command from running when the callback %s', async (_, onApproval) => {
    await using real = await startRealCodex(version, wantsCommand, { onApproval });
    const result = await real.codex.startThread().run('go');
    expect(result.status).toBe('completed');
    expect(result.finalResponse).not.toContain('approved-42');
  });

  it('decline by themselves when nobody can be asked', async () => {
    await using real = await startRealCodex(version, wantsCommand);
    const result = await real.codex.startThread().run('go');
    expect(result.finalResponse).not.toContain('approved-42');
    expect(result.items).toContainEqual(
      expect.objectContaining({ type: 'commandExecution', status: 'declined' }),
    );
  });

  it('end the turn when the callback cancels', async () => {
    await using real = await startRealCodex(version, wantsCommand, {
      onApproval: async () => 'cancel',
    });
    const result = await real.codex.startThread().run('go');
    expect(result.status).toBe('interrupted');
  });

  it("go to the turn's own callback before the client's", async () => {
    const asked: string[] = [];
    const ask = (who: string) => async () => {
      asked.push(who);
      return 'accept' as const;
    };
    await using real = await startRealCodex(version, wantsCommand, { onApproval: ask('client') });
    const thread = await real.codex.startThread();
    const result = await thread.run('go', { onApproval: ask('turn') });
    expect(result.finalResponse).toContain('approved-42');
    expect(asked).toEqual(['turn']);
  });

  it('tell the callback that nobody wants its answer any more', async () => {
    let ask: (signal: AbortSignal) => void;
    const asked = new Promise<AbortSignal>((resolve) => {
      ask = resolve;
    });
    await using real = await startRealCodex(version, wantsCommand, {
      onApproval: async ({ signal }) => {
        ask(signal);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return 'accept';
      },
    });
    const turn = await (await real.codex.startThread()).turn('go');
    const running = turn.run();
    const signal = await asked;
    await turn.interrupt();
    expect((await running).status).toBe('interrupted');
    expect(signal.aborted).toBe(true);
  });
});

/** An agent that wants a command; its parent waits for it. */
function delegates(request: ModelRequest): Answer {
  const outputs = request.input.filter(({ type }) => type === 'function_call_output');
  const namespace = 'multi_agent_v1';
  if (promptOf(request) === 'CHILD') return wantsCommand(request);
  if (outputs.length === 0) {
    return { kind: 'tool', name: 'spawn_agent', namespace, arguments: { message: 'CHILD' } };
  }
  if (outputs.length > 1) return { kind: 'text', text: 'all done' };
  const { agent_id } = JSON.parse(String(outputs[0]?.output));
  const args = { targets: [agent_id], timeout_ms: 30_000 };
  return { kind: 'tool', name: 'wait_agent', namespace, arguments: args };
}

describe('the agents of a turn on Codex 0.171.0', () => {
  beforeAll(() => realExecutable('0.171.0'));

  it("ask the turn's own callback", async () => {
    const asked: string[] = [];
    await using real = await startRealCodex('0.171.0', delegates, {
      onApproval: async ({ threadId }) => {
        asked.push(`client ${threadId}`);
        return 'decline';
      },
      config: { features: { multi_agent: true } },
    });
    const thread = await real.codex.startThread();
    const result = await thread.run('ROOT', {
      onApproval: async ({ threadId, turnId }) => {
        expect(threadId).not.toBe(thread.id);
        expect(turnId).toEqual(expect.any(String));
        asked.push('turn');
        return 'accept';
      },
    });
    expect(asked).toEqual(['turn']);
    expect(result.finalResponse).toBe('all done');
    expect(JSON.stringify(real.model.requests)).toContain('approved-42');
  });

  it('stop when the turn is interrupted', async () => {
    let ask: (signal: AbortSignal) => void;
    const asked = new Promise<AbortSignal>((resolve) => {
      ask = resolve;
    });
    await using real = await startRealCodex('0.171.0', delegates, {
      config: { features: { multi_agent: true } },
    });
    const ended: string[] = [];
    real.codex.onNotification(({ method, params }) => {
      if (method === 'turn/completed') ended.push(params.turn.status);
    });
    const controller = new AbortController();
    const thread = await real.codex.startThread();
    const running = thread.run('ROOT', {
      signal: controller.signal,
      onApproval: ({ signal }) => {
        ask(signal);
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve('decline'));
        });
      },
    });
    const signal = await asked;
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
    await expect.poll(() => ended, { timeout: 5_000 }).toEqual(['interrupted', 'interrupted']);
    expect(signal.aborted).toBe(true);
  });
});
