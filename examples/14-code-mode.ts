// One script of the model calls three tools at once; only what it writes comes back to the model.
import { Codex } from 'codex-runtime/app-server';
import { CodeMode } from 'codex-runtime/code-mode';

const people: Readonly<Record<string, number>> = { Rome: 2_800_000, Oslo: 700_000, Bern: 140_000 };

await using codeMode = await CodeMode.start({
  tools: [
    {
      name: 'lookup',
      description: 'Gives the number of people in a city.',
      inputSchema: {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
      },
      run: async ({ city }: { city: string }) => {
        console.log(`lookup: ${city}`);
        return { city, people: people[city] ?? 0 };
      },
    },
  ],
});
await using codex = await Codex.start({ ...codeMode.client() });
const thread = await codex.startThread({ ...codeMode.thread() });
const result = await thread.run('Which of Rome, Oslo and Bern have more than 500,000 people?');
console.log(`Status: ${result.status}`);
console.log(`Text: ${result.finalResponse}`);
