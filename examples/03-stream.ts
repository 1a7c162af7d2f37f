// A turn's events as they happen, with more input and an interruption on the way.
import { Codex, JsonRpcError } from 'codex-runtime/app-server';

await using codex = await Codex.start({ provision: '0.171.0' });
const thread = await codex.startThread();
const turn = await thread.turn('Count from 1 to 200 with commas, then one summary sentence.');

// A fast model may have finished before: then steering is refused, and interrupting does nothing.
try {
  await turn.steer('Keep it brief and stop after 20 numbers.');
  console.log('steer: sent');
} catch (error) {
  if (!(error instanceof JsonRpcError)) throw error;
  console.log('steer: too late');
}

let deltas = 0;
for await (const { method, params } of turn.stream()) {
  if (method === 'item/agentMessage/delta') {
    deltas += 1;
    process.stdout.write(params.delta);
    if (deltas === 10) await turn.interrupt();
  } else if (method === 'turn/completed') {
    console.log(`\nturn/completed: ${params.turn.status}`);
  } else {
    console.log(method);
  }
}
console.log('deltas:', deltas);
