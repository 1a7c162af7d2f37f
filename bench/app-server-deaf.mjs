// Is asked for 1 GB of answers by a server that never reads them; its peak memory is the result.
import { fileURLToPath } from 'node:url';
import { Codex } from 'codex-runtime/app-server';

const server = fileURLToPath(
  new URL('../test/fixtures/app-server/greedy-server.mjs', import.meta.url),
);
const limit = setTimeout(() => process.exit(3), 60_000);
const codex = await Codex.start({
  command: [process.execPath, server, 'deaf', String(1_000_000_000)],
  onServerRequest: ({ params }) => params,
});
const error = await codex.request('never').catch((thrown) => thrown);
if (error.name !== 'TransportClosedError') throw error;
await codex.close();
clearTimeout(limit);
