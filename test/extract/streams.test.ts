import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodexRuntimeError } from '../../src/errors.ts';
import { extractRuntime } from '../../src/extract/index.ts';
import { tar, zip } from '../support/archives.ts';
import { chunksOf } from '../support/extract-request.ts';
import { failure } from '../support/failure.ts';
import { type Bench, openBench } from '../support/unpacking.ts';
import { withHeaderFields } from '../support/valid-archives.ts';

const NOISE = Buffer.alloc(400_000);
for (let i = 0, seed = 1; i < NOISE.length; i++) {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  NOISE[i] = seed >>> 24;
}
const CODEX = { name: 'bin/codex', body: NOISE, mode: 0o755 };
const TAR = tar([CODEX]);
const GZIP = gzipSync(TAR);
const HEADER = GZIP.subarray(0, 10);
const REST = gzipSync(TAR.subarray(999));
/** More than may wait between a source and the reader. */
const BODIES = Array.from({ length: 10 }, (_, i) => ({ ...CODEX, name: `bin/${i}` }));
const LARGE = gzipSync(tar([CODEX, ...BODIES]), { level: 1 });

/** A source that counts what happens to it, and may do something odd after its last piece. */
class Source implements AsyncIterable<Buffer>, AsyncIterator<Buffer> {
  returned = 0;
  asked = 0;
  readonly #pieces: Iterator<Buffer>;
  readonly #after: () => Promise<IteratorResult<Buffer>>;

  constructor(
    bytes: Buffer,
    after: () => Promise<IteratorResult<Buffer>> = async () => ({ done: true, value: undefined }),
    pieces = 10_000,
  ) {
    this.#after = after;
    this.#pieces = (function* () {
      for (let i = 0; i < bytes.length; i += pieces) yield bytes.subarray(i, i + pieces);
    })();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer>> {
    this.asked += 1;
    const piece = this.#pieces.next();
    return piece.done === true ? await this.#after() : piece;
  }

  async return(): Promise<IteratorResult<Buffer>> {
    this.returned += 1;
    return { done: true, value: undefined };
  }
}

const never = () => new Promise<never>(() => undefined);

let bench: Bench;
const rejections: unknown[] = [];
const note = (reason: unknown) => rejections.push(reason);
beforeAll(async () => {
  process.on('unhandledRejection', note);
  bench = await openBench();
});
afterAll(async () => {
  process.off('unhandledRejection', note);
  await bench[Symbol.asyncDispose]();
  expect(rejections).toEqual([]);
});

async function failing(bytes: AsyncIterable<Buffer>, signal?: AbortSignal) {
  const request = await bench.request(Buffer.alloc(0));
  const error = await failure(extractRuntime({ ...request, bytes, ...(signal && { signal }) }));
  expect(await bench.openFiles()).toEqual([]);
  expect(await bench.canary.changes()).toEqual([]);
  return error;
}

describe('a damaged gzip', () => {
  it.each([
    ['is empty', Buffer.alloc(0), 'truncated'],
    ['is one byte', GZIP.subarray(0, 1), 'truncated'],
    ['ends in its header', GZIP.subarray(0, 9), 'truncated'],
    ['ends in its data', GZIP.subarray(0, 100_000), 'truncated'],
    ['ends before its checksum', GZIP.subarray(0, -8), 'truncated'],
    ['ends in its checksum', GZIP.subarray(0, -3), 'truncated'],
    ['is text', Buffer.from('<html>Not found</html>'), 'corrupt'],
    [
      'has a second member with a wrong checksum',
      Buffer.concat([gzipSync(TAR.subarray(0, 999)), flipped(REST, REST.length - 6)]),
      'corrupt',
    ],
    ['has a wrong length', flipped(GZIP, GZIP.length - 2), 'corrupt'],
    ['has a wrong method', flipped(GZIP, 2), 'corrupt'],
    ['has a flag that nobody knows', withHeaderFields(GZIP, 0x20, ''), 'corrupt'],
    [
      'ends in its extra field',
      withHeaderFields(GZIP, 0x04, '\xff\xff').subarray(0, 99),
      'truncated',
    ],
    ['ends in its name', withHeaderFields(GZIP, 0x08, 'codex').subarray(0, 12), 'truncated'],
    ['has a name without end', withHeaderFields(HEADER, 0x08, 'name'.repeat(50_000)), 'corrupt'],
    ['has a comment without end', withHeaderFields(HEADER, 0x10, 'word'.repeat(50_000)), 'corrupt'],
    ['is followed by text', Buffer.concat([GZIP, Buffer.from('text')]), 'corrupt'],
    ['is followed by zeros and text', Buffer.concat([GZIP, Buffer.from('\0\0x')]), 'trailing-data'],
    [
      'is followed by many zeros and text',
      Buffer.concat([GZIP, Buffer.alloc(600_000), Buffer.from('x')]),
      'trailing-data',
    ],
    ['is followed by half a member', Buffer.concat([GZIP, GZIP.subarray(0, 50)]), 'truncated'],
    ['holds a gzip', gzipSync(GZIP), 'nested-compression'],
    ['holds a zip', gzipSync(zip([CODEX])), 'nested-compression'],
    [
      'holds a zstd frame',
      gzipSync(Buffer.concat([Buffer.from('28b52ffd', 'hex'), NOISE])),
      'nested-compression',
    ],
    ['holds a tar twice', Buffer.concat([GZIP, GZIP]), 'trailing-data'],
    ['is a zip', zip([CODEX]), 'corrupt'],
    ['is a bare tar', TAR, 'corrupt'],
    ['is a bomb', gzipSync(tar([{ ...CODEX, body: Buffer.alloc(80_000_000) }])), 'expansion-ratio'],
    ['is a bomb of padding', gzipSync(tar([CODEX], Buffer.alloc(600_000_000))), 'expansion-ratio'],
  ])('that %s is refused', async (_, bytes, reason) => {
    const error = await failing(chunksOf(bytes, 65_536));
    expect(error.fields['reason']).toBe(reason);
    expect(error.code).toBe('ARCHIVE_REFUSED');
  });
});

describe('the source', () => {
  it('has the last word when it knows that the bytes are wrong', async () => {
    const verdict = new CodexRuntimeError('DIGEST_MISMATCH', 'other bytes');
    // Larger than what may wait, so that the damage is found before the source has ended.
    const source = new Source(flipped(LARGE, 2), () => Promise.reject(verdict));
    expect(await failing(source)).toBe(verdict);
    expect(source.returned).toBe(0);
  });

  it('is believed when it fails after a whole archive', async () => {
    const verdict = new CodexRuntimeError('DIGEST_MISMATCH', 'other bytes');
    expect(await failing(new Source(GZIP, () => Promise.reject(verdict)))).toBe(verdict);
  });

  it('is believed when it fails in the middle', async () => {
    const verdict = new CodexRuntimeError('TRUNCATED', 'too short');
    const source = new Source(GZIP.subarray(0, 50_000), () => Promise.reject(verdict));
    expect(await failing(source)).toBe(verdict);
  });

  it('is given back when a member is refused', async () => {
    const hostile = gzipSync(tar([{ name: '../evil' }, ...BODIES]), { level: 1 });
    const source = new Source(hostile, undefined, 1_000);
    expect((await failing(source)).fields['reason']).toBe('traversal');
    expect(source.returned).toBe(1);
    expect(source.asked).toBeLessThan(hostile.length / 1_000);
  });

  it('is read to its end, and not given back, when all is well', async () => {
    const source = new Source(GZIP);
    const request = await bench.request(Buffer.alloc(0));
    const files = await extractRuntime({ ...request, bytes: source });
    expect(files).toHaveLength(1);
    expect(source.returned).toBe(0);
    expect(source.asked).toBe(Math.ceil(GZIP.length / 10_000) + 1);
  });

  it('is read to its end before a zip is opened', async () => {
    const archive = zip([CODEX]);
    const request = await bench.request(archive, { format: 'zip' });
    const verdict = new CodexRuntimeError('DIGEST_MISMATCH', 'other bytes');
    const source = new Source(archive, () => Promise.reject(verdict));
    expect(await failure(extractRuntime({ ...request, bytes: source }))).toBe(verdict);
  });

  it('that throws a stranger is not relabelled', async () => {
    // As an inflating source would throw it: the code alone does not make it the archive's fault.
    const stranger = Object.assign(new RangeError('a bug'), { code: 'Z_DATA_ERROR' });
    const request = await bench.request(Buffer.alloc(0));
    const source = new Source(GZIP.subarray(0, 20), () => Promise.reject(stranger));
    await expect(extractRuntime({ ...request, bytes: source })).rejects.toBe(stranger);
  });
});

describe('abort', () => {
  it('before the start reads nothing', async () => {
    const source = new Source(GZIP);
    const error = await failing(source, AbortSignal.abort());
    expect(error.code).toBe('ABORTED');
    expect(source.asked).toBe(0);
    expect(source.returned).toBe(1);
  });

  it('ends the wait for a source that never answers', async () => {
    const abort = new AbortController();
    const source = new Source(GZIP.subarray(0, 100_000), () => {
      setImmediate(() => abort.abort());
      return never();
    });
    const error = await failing(source, abort.signal);
    expect(error.code).toBe('ABORTED');
    expect(source.returned).toBe(1);
  });

  it('ends inflating of what is already here', async () => {
    const abort = new AbortController();
    const archive = gzipSync(tar([{ ...CODEX, body: Buffer.alloc(25_000_000) }]), { level: 9 });
    const source = new Source(
      archive,
      () => {
        abort.abort();
        return never();
      },
      archive.length,
    );
    expect((await failing(source, abort.signal)).code).toBe('ABORTED');
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8((copy[at] ?? 0) ^ 0x5a, at);
  return copy;
}
