import { ArchiveInput } from './archive-input.ts';
import { isZero } from './byte-checks.ts';
import { openUnzstd } from './engines.ts';
import { expectPadding, type InflateRequest, inflate } from './inflate.ts';
import type { Refuse } from './refusal.ts';
import { ZstdFrame } from './zstd-frame.ts';

/** Frames of one archive: each costs an engine, and releases have one. */
const MAX_FRAMES = 256;

/**
 * Inflates a zstd stream as the format defines it: frame by frame, without those that are to be
 * skipped, up to zeros at its end. A frame that ends early is refused, whatever the engine says.
 */
export async function* unzstd(
  asset: string,
  request: Omit<InflateRequest, 'open'>,
): AsyncGenerator<Buffer> {
  const { input, refuse } = request;
  let inflated = 0;
  for (let frames = 0; await moreFrames(input, inflated, refuse); frames += 1) {
    if (frames === MAX_FRAMES) throw refuse('too-many-members', null);
    const frame = new ZstdFrame();
    const bytes = new ArchiveInput(bytesOf(frame, input, refuse), undefined);
    const start = await bytes.read(5);
    bytes.putBack(start);
    if (frame.skippable) {
      await bytes.drain();
      continue;
    }
    inflated += 1;
    yield* inflate({ ...request, input: bytes, open: () => openUnzstd(asset) });
    // The engine stops at the end of the frame, which the walk has to have seen too.
    await bytes.drain();
  }
  await expectPadding(input, refuse);
}

/** Whether another frame follows; a stream without any has ended too early. */
async function moreFrames(input: ArchiveInput, inflated: number, refuse: Refuse): Promise<boolean> {
  const start = await input.read(4);
  input.putBack(start);
  if (start.length === 0 && inflated === 0) throw refuse('truncated', null);
  if (inflated === 0) return true;
  if (start.length === 0 || isZero(start)) return false;
  const frame = new ZstdFrame();
  frame.pass(Buffer.concat([start, Buffer.alloc(1)]));
  if (!frame.valid) throw refuse('trailing-data', null);
  return true;
}

/** The bytes of one frame, no more and no fewer. */
async function* bytesOf(
  frame: ZstdFrame,
  input: ArchiveInput,
  refuse: Refuse,
): AsyncGenerator<Buffer> {
  while (!frame.ended) {
    const chunk = await input.next();
    if (chunk === null) throw refuse('truncated', null);
    const length = frame.pass(chunk);
    if (!frame.valid) throw refuse('corrupt', null);
    if (length < chunk.length) input.putBack(chunk.subarray(length));
    yield chunk.subarray(0, length);
  }
}
