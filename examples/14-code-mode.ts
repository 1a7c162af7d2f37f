// One script of the model calls three tools at once; only what it writes comes back to the model.
import { Codex, defineTool } from 'codex-runtime/app-server';
import { CodeMode } from 'codex-runtime/code-mode';
import { z } from 'zod';

const people: Readonly<Record<string, number>> = { Rome: 2_800_000, Oslo: 700_000, Bern: 140_000 };

const lookup = defineTool({
  name: 'lookup',
  description: 'Gives the number of people in a city.',
  inputSchema: z.object({ city: z.string() }),
  run: ({ city }) => {
    console.log(`lookup: ${city}`);
    return { city, people: people[city] ?? 0 };
  },
});

await using codeMode = await CodeMode.start({ tools: [lookup] });
await using codex = await Codex.start({ provision: '0.171.0', tools: codeMode.clientTools() });
const thread = await codex.startThread();
const result = await thread.run('Which of Rome, Oslo and Bern have more than 500,000 people?');
console.log(`Status: ${result.status}`);
console.log(`Text: ${result.finalResponse}`);
