import { expect, it } from 'vitest';
import { CodeMode, type CodeModeTool } from '../../dist/code-mode/index.js';
import type { Answer, ModelRequest } from '../support/model-server.ts';
import { describeReal, startRealCodex } from '../support/real-codex.ts';

/** What the model was told of its calls, in order. */
function outputsOf({ input }: ModelRequest): string[] {
  return input.flatMap(({ type, output }) => {
    if (type !== 'function_call_output') return [];
    if (typeof output === 'string') return [output];
    return [(output as { text?: string }[]).map(({ text = '' }) => text).join('\n')];
  });
}

const script = (source: string, more: object = {}): Answer => ({
  kind: 'tool',
  name: 'exec_script',
  arguments: { source, ...more },
});

const onRealCodex = (version: string) => {
  it('lets the model’s script call three tools at once, yield, and go on', async () => {
    let atOnce = 0;
    let most = 0;
    const tool: CodeModeTool = {
      name: 'lookup',
      description: 'Looks a city up.',
      run: async ({ city }: { city: string }) => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 50));
        atOnce -= 1;
        return { city, people: city.length };
      },
    };
    await using codeMode = await CodeMode.start({ tools: [tool] });
    const answers: Answer[] = [
      script(`const cities = await Promise.all(["Rome", "Oslo", "Bern"].map((city) => tools.lookup({ city })));
        text(cities.filter(({ people }) => people === 4)); store("cities", cities); yield_control();
        await new Promise((resolve) => setTimeout(resolve, 2_000)); text("later");`),
      { kind: 'tool', name: 'wait_script', arguments: { cell_id: '1' } },
      script('text(load("cities").length); null.x'),
      { kind: 'text', text: 'Done.' },
    ];
    const next = (_: ModelRequest, count: number): Answer =>
      answers[count - 1] ?? { kind: 'text', text: '' };
    await using real = await startRealCodex(version, next, { tools: codeMode.clientTools() });
    const thread = await real.codex.startThread();
    expect((await thread.run('Which cities?')).finalResponse).toBe('Done.');
    expect(most).toBe(3);

    const last = real.model.requests.at(-1);
    expect(last).toBeDefined();
    if (last === undefined) return;
    const [first = '', waited = '', failed = ''] = outputsOf(last);
    expect(first).toMatch(/^Script running with cell ID 1\nWall time \d+\.\d seconds\nOutput:\n/);
    expect(first).toContain(
      '[{"city":"Rome","people":4},{"city":"Oslo","people":4},{"city":"Bern","people":4}]',
    );
    expect(waited).toMatch(/^Script completed\n[\s\S]*later$/);
    expect(failed).toMatch(/^Script failed\n[\s\S]*3\nScript error:\nTypeError: /);
    const offered = JSON.stringify(real.model.requests[0]?.tools);
    expect(offered).toContain('exec_script');
    expect(offered).toContain('tools.lookup(input: Record<string, unknown>): Promise<unknown>;');
  });

  it('lets a script that yielded go on in a later turn, which finds what was stored', async () => {
    let isOpen: (value: string) => void = () => undefined;
    const opened = new Promise<string>((resolve) => (isOpen = resolve));
    await using codeMode = await CodeMode.start({ tools: [{ name: 'door', run: () => opened }] });
    const answers: Answer[] = [
      script(
        'store("n", [1]); text("first"); yield_control(); text(await tools.door()); store("n", [1, 2])',
      ),
      { kind: 'text', text: 'One.' },
      {
        kind: 'tool',
        name: 'wait_script',
        arguments: { cell_id: '1', max_output_tokens: 20 },
      },
      script('text(load("n"))'),
      { kind: 'text', text: 'Two.' },
    ];
    const next = (_: ModelRequest, count: number): Answer =>
      answers[count - 1] ?? { kind: 'text', text: '' };
    await using real = await startRealCodex(version, next, { tools: codeMode.clientTools() });
    const thread = await real.codex.startThread();
    expect((await thread.run('go')).finalResponse).toBe('One.');
    isOpen('é'.repeat(100));
    expect((await thread.run('on')).finalResponse).toBe('Two.');
    const last = real.model.requests.at(-1);
    const [first, waited, loaded] = last === undefined ? [] : outputsOf(last);
    expect(first).toMatch(/^Script running with cell ID 1\n[\s\S]*first$/);
    // The wait's own budget: 80 of 200 bytes.
    expect(waited).toMatch(/^Script completed\n[\s\S]*\n\né{20}…30 tokens truncated…é{20}$/);
    expect(loaded).toMatch(/^Script completed\n[\s\S]*\[1,2\]$/);
  });

  it('ends a script when its turn is interrupted', async () => {
    await using codeMode = await CodeMode.start();
    const answer = () => script('text("on"); while (true) {}', { yield_time_ms: 60_000 });
    await using real = await startRealCodex(version, answer);
    const thread = await real.codex.startThread({ tools: codeMode.clientTools() });
    const turn = await thread.turn('go');
    for await (const { method } of turn.stream()) {
      if (method === 'item/started' && real.model.requests.length === 1) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        await turn.interrupt();
      }
    }
    // The cell is over when a new one is the only one that runs.
    await expect(codeMode.exec('text("free")')).resolves.toMatchObject({ status: 'completed' });
  });
};

describeReal('code mode', onRealCodex, ['0.142.0']);
