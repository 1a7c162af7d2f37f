/** What a user would write or take instead of this client, on the same child. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';

/** Opens the child, does its work, ends it; what it resolves to is the seconds that the work took. */
export type Rival = (child: string, env: Readonly<Record<string, string>>) => Promise<number>;

/** `readline` and `JSON.parse`, and nothing else. */
export const readlineEvents: Rival = async (path, env) => {
  const child = open(path, env);
  const started = performance.now();
  let events = 0;
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as { method?: string };
      if (message.method === undefined) return;
      events += 1;
      if (message.method === 'turn/completed') resolve();
    });
    child.stdin.write('{"id":0,"method":"turn/start"}\n');
  });
  return finish(child, started, events);
};

export const vscodeEvents: Rival = async (path, env) => {
  const child = open(path, env);
  const started = performance.now();
  const connection = connect(child);
  let events = 0;
  await new Promise<void>((resolve) => {
    connection.onNotification((method: string) => {
      events += 1;
      if (method === 'turn/completed') resolve();
    });
    connection.listen();
    void connection.sendRequest('turn/start', {});
  });
  connection.dispose();
  return finish(child, started, events);
};

export function vscodeRequests(count: number): Rival {
  return async (path, env) => {
    const child = open(path, env);
    const connection = connect(child);
    connection.listen();
    await connection.sendRequest('ping', {});
    const started = performance.now();
    for (let sent = 0; sent < count; sent += 1) await connection.sendRequest('ping', {});
    const seconds = finish(child, started, 1);
    connection.dispose();
    return seconds;
  };
}

function open(path: string, env: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams {
  return spawn(path, { env: { ...process.env, ...env }, stdio: 'pipe' });
}

function connect(child: ChildProcessWithoutNullStreams) {
  const reader = new StreamMessageReader(child.stdout);
  return createMessageConnection(reader, new StreamMessageWriter(child.stdin));
}

function finish(child: ChildProcessWithoutNullStreams, started: number, events: number): number {
  const seconds = (performance.now() - started) / 1000;
  child.stdin.end();
  if (events === 0) throw new Error('The child sent no event');
  return seconds;
}
