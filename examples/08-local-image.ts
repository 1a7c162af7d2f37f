// A picture from the disk and a question about it.
import { fileURLToPath } from 'node:url';
import { Codex } from 'codex-runtime/app-server';

const picture = fileURLToPath(new URL('assets/sample-scene.png', import.meta.url));

await using codex = await Codex.start({ provision: '0.171.0' });
const thread = await codex.startThread();
const result = await thread.run([
  { type: 'text', text: 'Read this local image and summarize what you see in 2 bullets.' },
  { type: 'localImage', path: picture },
]);
console.log('Status:', result.status);
console.log(result.finalResponse);
