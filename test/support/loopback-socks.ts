import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** A SOCKS proxy that leads every host to this machine. */
export interface LoopbackSocks {
  readonly port: number;
  /** The hosts that it was asked to reach. */
  readonly targets: readonly string[];
}

/** A proxy for SOCKS 4a and 5 without authentication, for as long as the test lasts. */
export async function startSocks(): Promise<LoopbackSocks> {
  const targets: string[] = [];
  const server = net.createServer(async (socket) => {
    socket.on('error', () => socket.destroy());
    const [first]: Buffer[] = await once(socket, 'data');
    if (first?.[0] === 5) {
      socket.write(Buffer.from([5, 0]));
      const [request]: Buffer[] = await once(socket, 'data');
      if (request !== undefined) connect(socket, readVersion5(request), [5, 0, 0, 1]);
    } else if (first !== undefined) connect(socket, readVersion4(first), [0, 90]);
  });
  const connect = (socket: net.Socket, target: Target, answer: readonly number[]) => {
    targets.push(target.host);
    const onward = net.connect(target.port, '127.0.0.1', () => {
      socket.write(Buffer.from([...answer, 0, 0, 0, 0, 0, 0]));
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as net.AddressInfo).port, targets };
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function readVersion5(request: Buffer): Target {
  const port = request.readUInt16BE(request.length - 2);
  const bytes = request.subarray(4, -2);
  if (request[3] === 3) return { host: bytes.subarray(1).toString(), port };
  return { host: request[3] === 1 ? bytes.join('.') : bytes.toString('hex'), port };
}

function readVersion4(request: Buffer): Target {
  const name = request.subarray(8).toString().split('\0')[1] ?? '';
  return {
    host: name === '' ? request.subarray(4, 8).join('.') : name,
    port: request.readUInt16BE(2),
  };
}
