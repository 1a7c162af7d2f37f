// The first run: start Codex, ask one thing, print the answer.
import { Codex } from 'codex-runtime/app-server';

await using codex = await Codex.start({ provision: '0.171.0' });
console.log('Server:', codex.metadata.serverName, codex.metadata.serverVersion);

const thread = await codex.startThread();
// Without a login or a network Codex would wait for ever: a deadline ends the turn.
const signal = AbortSignal.timeout(120_000);
const result = await thread.run('Say hello in one sentence.', { signal });
console.log('Status:', result.status);
console.log('Text:', result.finalResponse);
