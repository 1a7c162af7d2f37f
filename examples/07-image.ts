// A picture from the web and a question about it. Runtimes of today take pictures inline only.
import { Codex } from 'codex-runtime/app-server';

const picture =
  process.argv[2] ??
  'https://raw.githubusercontent.com/github/explore/main/topics/python/python.png';

async function inline(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const type = response.headers.get('content-type') ?? 'image/png';
  const bytes = Buffer.from(await response.arrayBuffer());
  return `data:${type};base64,${bytes.toString('base64')}`;
}

await using codex = await Codex.start({ provision: '0.171.0' });
const thread = await codex.startThread();
const result = await thread.run([
  { type: 'text', text: 'What is in this image? Give 3 bullets.' },
  { type: 'image', url: await inline(picture) },
]);
console.log('Status:', result.status);
console.log(result.finalResponse);
