#!/usr/bin/env node
// Stands for an app-server as fast as its pipe: answers at once, and plays a file of events for each
// turn. BENCH_FRAMING: one message a line, or the headers that vscode-jsonrpc reads.
import { createReadStream } from 'node:fs';

const headers = process.env.BENCH_FRAMING === 'headers';

function send(message) {
  const text = JSON.stringify(headers ? { jsonrpc: '2.0', ...message } : message);
  const framed = headers
    ? `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
    : `${text}\n`;
  process.stdout.write(framed);
}

function answer({ id, method }) {
  if (id === undefined) return;
  if (method === 'initialize') send({ id, result: { userAgent: 'bench/0.0.0 (bench)' } });
  else if (method === 'thread/start') send({ id, result: { thread: { id: 'thread' } } });
  else if (method === 'turn/start') {
    send({ id, result: { turn: { id: 'turn' } } });
    createReadStream(process.env.BENCH_EVENTS, { highWaterMark: 1 << 18 }).pipe(process.stdout, {
      end: false,
    });
  } else send({ id, result: {} });
}

let rest = '';
process.stdin.setEncoding('latin1');
process.stdin.on('data', (chunk) => {
  rest += chunk;
  for (;;) {
    const start = headers ? rest.indexOf('\r\n\r\n') + 4 : 0;
    const length = headers ? Number(/Content-Length: (\d+)/i.exec(rest)?.[1]) : rest.indexOf('\n');
    if (start === 3 || length < 0 || Number.isNaN(length) || rest.length < start + length) return;
    const text = rest.slice(start, start + length);
    rest = rest.slice(start + length + (headers ? 0 : 1));
    answer(JSON.parse(text));
  }
});
process.stdin.on('end', () => process.exit(0));
