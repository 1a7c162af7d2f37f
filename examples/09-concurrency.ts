// Several turns at once on one client, each with its own events, and a deadline for all of them.
import { Codex } from 'codex-runtime/app-server';

const topics = ['tides', 'glaciers', 'volcanoes', 'aurorae'];
const signal = AbortSignal.timeout(5 * 60_000);

await using codex = await Codex.start({ provision: '0.171.0' });

async function explain(topic: string): Promise<string> {
  const thread = await codex.startThread({ signal });
  const turn = await thread.turn(`Explain ${topic} in one sentence.`, { signal });
  let events = 0;
  let text = '';
  for await (const { method, params } of turn.stream({ signal })) {
    events += 1;
    if (method === 'item/agentMessage/delta') text += params.delta;
  }
  return `${topic}: ${events} events: ${text}`;
}

for (const line of await Promise.all(topics.map(explain))) console.log(line);
