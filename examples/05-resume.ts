// A thread that is continued later, by its id.
import { Codex } from 'codex-runtime/app-server';

async function begin(): Promise<string> {
  await using codex = await Codex.start({ provision: '0.171.0' });
  const thread = await codex.startThread();
  const first = await thread.run('Tell me one fact about Saturn.');
  console.log('Created thread:', thread.id);
  console.log('First:', first.finalResponse);
  return thread.id;
}

async function goOn(threadId: string): Promise<void> {
  // Another server, perhaps days later: threads are kept in Codex's home.
  await using codex = await Codex.start({ provision: '0.171.0' });
  const thread = await codex.resumeThread(threadId);
  const second = await thread.run('Continue with one more fact.');
  console.log('Second:', second.finalResponse);
}

await goOn(await begin());
