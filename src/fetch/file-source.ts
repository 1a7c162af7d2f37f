import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { AssetSource } from '../asset.ts';
import type { ByteSource } from './byte-source.ts';
import { unavailable } from './http/index.ts';

const READ_SIZE = 2 ** 20;

/** A file on this machine: of a directory channel, or what a child program downloaded. */
export function createFileSource(path: string, kind: AssetSource['kind'] = 'file'): ByteSource {
  return {
    kind,
    address: path,
    async open(range, signal) {
      const stats = await stat(path).catch((cause: unknown) => {
        const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
        const what = missing ? 'does not exist' : 'cannot be read';
        throw unavailable(`${path} ${what}.`, {
          reason: missing ? 'not-found' : 'unreachable',
          cause,
        });
      });
      if (!stats.isFile()) throw unavailable(`${path} is not a file.`, { reason: 'not-an-asset' });
      const validator = `${stats.ino}-${stats.size}-${stats.mtimeMs}`;
      const resumes = range !== null && range.validator === validator;
      const offset = resumes ? range.offset : 0;
      const end = resumes && range.end !== null ? { end: range.end - 1 } : {};
      const body = createReadStream(path, {
        start: offset,
        ...end,
        highWaterMark: READ_SIZE,
        signal,
      });
      body.on('error', ignore);
      return { offset, total: stats.size, validator, body, url: path };
    },
    close: () => Promise.resolve(),
  };
}

function ignore(): void {
  // The reader of the stream gets its error; a stream that was closed unread has no reader.
}
