// Tools of your own: Codex calls functions of this program, and answers as a value with a type.
import { Codex, defineTool } from 'codex-runtime/app-server';
import { z } from 'zod';

const stock = new Map([
  ['apples', 12],
  ['pears', 0],
]);

const lookUp = defineTool({
  name: 'look_up_stock',
  description: 'How many pieces of a fruit are in stock.',
  inputSchema: z.object({ fruit: z.string() }),
  run: ({ fruit }) => {
    const pieces = stock.get(fruit);
    // What is thrown is told to the model, which may try again.
    if (pieces === undefined) throw new Error(`There is no ${fruit}; try ${[...stock.keys()]}.`);
    return { fruit, pieces };
  },
});

const Report = z.object({ inStock: z.array(z.string()), soldOut: z.array(z.string()) });

await using codex = await Codex.start({ provision: '0.171.0', tools: [lookUp] });
const { parsed } = await codex.startThread().run('Which of apples and pears can I buy?', {
  outputSchema: Report,
  signal: AbortSignal.timeout(120_000),
});
console.log('in stock:', parsed.inStock.join(', '));
console.log('sold out:', parsed.soldOut.join(', '));
