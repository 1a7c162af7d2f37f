import { once } from 'node:events';
import { write } from 'node:fs';

const WRITES_AT_ONCE = 4;

/** Writes what `engine` gives to an open file, a few pieces at a time; each is shown to `look` too. */
export async function writeAll(engine, file, look = () => undefined) {
  let position = 0;
  let writing = 0;
  engine.on('data', (chunk) => {
    writing += 1;
    if (writing === WRITES_AT_ONCE) engine.pause();
    write(file, chunk, 0, chunk.length, position, (error) => {
      if (error !== null) throw error;
      writing -= 1;
      engine.resume();
    });
    position += chunk.length;
    look(chunk);
  });
  await once(engine, 'end');
}
