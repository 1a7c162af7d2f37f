// The whole life of a thread: read, name, archive, bring back, fork, compact.
import { Codex } from 'codex-runtime/app-server';

await using codex = await Codex.start({ provision: '0.171.0' });
const thread = await codex.startThread();
const first = await thread.run('One sentence about structured planning.');
const second = await thread.run('Now restate it for a junior engineer.');
console.log('first:', first.turnId, first.status);
console.log('second:', second.turnId, second.status);

await thread.setName('lifecycle demo');
const { thread: stored } = await thread.read({ includeTurns: true });
console.log('read:', stored.name, stored.turns.length, 'turns');
const active = await codex.listThreads({ archived: false, limit: 20 });
console.log('active:', active.data.length);

await codex.archiveThread(thread.id);
const archived = await codex.listThreads({ archived: true, limit: 20 });
console.log('archived:', archived.data.length);

const unarchived = await codex.unarchiveThread(thread.id);
const resumed = await codex.resumeThread(unarchived.id);
const third = await resumed.run('Continue in one short sentence.');
console.log('resumed:', third.status);

const forked = await codex.forkThread(thread.id);
const other = await forked.run('Take a different angle in one short sentence.');
console.log('forked:', forked.id !== thread.id, other.status);

await resumed.compact();
console.log('compact: sent');
console.log('Lifecycle OK:', thread.id);
