import { expect, it } from 'vitest';
import type { ApprovalDecision, ApprovalRequest } from '../../src/app-server/index.ts';
import type { Answer, ModelRequest } from '../support/model-server.ts';
import { describeReal, startRealCodex } from '../support/real-codex.ts';

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
