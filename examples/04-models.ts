// Who answers, and which models it offers.
import { Codex } from 'codex-runtime/app-server';

await using codex = await Codex.start({ provision: '0.171.0' });
console.log('server:', codex.metadata.serverName, codex.metadata.serverVersion);
console.log('user agent:', codex.metadata.userAgent);

const models = await codex.models({ includeHidden: true });
console.log('models:', models.data.length);
for (const { id, displayName, hidden } of models.data) {
  console.log(`- ${id} (${displayName})${hidden ? ', hidden' : ''}`);
}
