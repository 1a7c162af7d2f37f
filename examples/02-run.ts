// Everything that a turn's result holds.
import { Codex } from 'codex-runtime/app-server';

await using codex = await Codex.start({ provision: '0.171.0' });
const thread = await codex.startThread({ config: { model_reasoning_effort: 'high' } });
const turn = await thread.turn('Give 3 bullets about SIMD.');
const result = await turn.run();

console.log('threadId:', result.threadId);
console.log('turnId:', result.turnId);
console.log('status:', result.status);
if (result.error !== null) console.log('error:', result.error.message);
console.log('text:', result.finalResponse);
console.log('items:', result.items.map(({ type }) => type).join(', '));
console.log('usage:', result.usage?.last.totalTokens, 'tokens');
