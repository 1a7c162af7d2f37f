// Reads a turn of a million events as a slow program does; its peak memory is the result.
import { setImmediate as breathe } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Codex } from 'codex-runtime/app-server';

const child = fileURLToPath(new URL('./app-server-child.mjs', import.meta.url));
const codex = await Codex.start({ codexPath: child });
const turn = await (await codex.startThread()).turn('go');
let events = 0;
for await (const _ of turn.stream()) {
  events += 1;
  if (events % 1_000 === 0) await breathe();
}
await codex.close();
if (events !== 1_000_001) throw new Error(`${events} events came instead of 1,000,001`);
