import type { IncomingMessage } from 'node:http';
import { discardMemory, endsMemory } from '../byte-queue.ts';

/**
 * Gives back what a socket has read for a response, as soon as Node's parser is through with it:
 * V8 would let all of a download wait for its next collection. Only where the parser has been seen
 * to copy a body, as every Node does that we know; what it hands over then is the reader's business.
 */
export function returnReadMemory(response: IncomingMessage): void {
  const { socket } = response;
  let parsing: ArrayBufferLike | undefined;
  let copies = false;
  const before = (bytes: Buffer) => {
    parsing = bytes.buffer;
  };
  const after = (bytes: Buffer) => {
    parsing = undefined;
    // One memory may take several reads, in order; what comes after its last is in another.
    if (copies && endsMemory(bytes)) discardMemory(bytes.buffer);
  };
  const onBody = (chunk: Buffer) => {
    if (parsing !== undefined) copies = chunk.buffer !== parsing;
  };
  // Node's own listener, which parses, stands between these two.
  socket.prependListener('data', before);
  socket.on('data', after);
  response.on('data', onBody);
  response.once('close', () => {
    socket.off('data', before);
    socket.off('data', after);
  });
}
