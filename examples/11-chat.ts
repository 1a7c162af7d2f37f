// A chat in the terminal: streams what Codex says, asks before it runs a command. /exit ends it.
import { createInterface } from 'node:readline/promises';
import { type ApprovalRequest, Codex, type protocol } from 'codex-runtime/app-server';

const terminal = createInterface({ input: process.stdin });
const lines = terminal[Symbol.asyncIterator]();

async function ask(prompt: string): Promise<string | undefined> {
  process.stdout.write(prompt);
  const { value, done } = await lines.next();
  return done === true ? undefined : value.trim();
}

async function approve(request: ApprovalRequest): Promise<'accept' | 'decline'> {
  const what = request.kind === 'command' ? request.params.command : request.kind;
  return (await ask(`\nAllow ${what}? [y/N] `)) === 'y' ? 'accept' : 'decline';
}

await using codex = await Codex.start({ provision: '0.171.0', onApproval: approve });
const thread = await codex.startThread();
console.log('Codex chat. Type /exit to quit.');
console.log('Thread:', thread.id);

for (;;) {
  const said = await ask('you> ');
  if (said === undefined || said === '/exit') break;
  if (said === '') continue;
  const turn = await thread.turn(said);
  let usage: protocol.ThreadTokenUsage | undefined;
  process.stdout.write('codex> ');
  for await (const { method, params } of turn.stream()) {
    if (method === 'item/agentMessage/delta') process.stdout.write(params.delta);
    else if (method === 'thread/tokenUsage/updated') usage = params.tokenUsage;
    else if (method === 'turn/completed') {
      console.log(`\nstatus> ${params.turn.status} ${params.turn.error?.message ?? ''}`);
    }
  }
  console.log(
    `usage> last ${usage?.last.totalTokens ?? 0}, total ${usage?.total.totalTokens ?? 0}`,
  );
}
terminal.close();
