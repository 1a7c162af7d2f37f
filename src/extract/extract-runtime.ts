import { throwIfAborted } from '../abort.ts';
import { ArchiveInput } from './archive-input.ts';
import type { ExtractedFiles, ExtractLimits, ExtractRequest } from './extract.ts';
import { gunzip } from './gunzip.ts';
import { stemOf } from './layout.ts';
import type { Member } from './member.ts';
import { MemberPolicy } from './member-policy.ts';
import { isDamage, type Refuse, refuserOf } from './refusal.ts';
import { readTar } from './tar-reader.ts';
import { TreeWriter } from './tree-writer.ts';
import { unzstd } from './unzstd.ts';

const DEFAULT_LIMITS: ExtractLimits = {
  totalBytes: 4 * 1024 ** 3,
  entries: 10_000,
  pathLength: 512,
  workMs: 30 * 60_000,
};

/**
 * Unpacks an archive into the one runtime tree while its bytes arrive, under one policy for all
 * formats. Every file is new, has its mode from the policy and is on the disk when this returns.
 * After a failure `destination` holds a part of the tree, which the caller removes; everything that
 * was opened is closed and `bytes` has been given back. An archive that is damaged is read to its
 * end first, so that a wrong digest is reported as that.
 *
 * @throws CodexRuntimeError `ARCHIVE_REFUSED` with the fields `asset`, `member`, `reason`
 * (a {@link RefusalReason}); `DISK_FULL`, `PERMISSION_DENIED`, `INSTALL_FAILED`; `ABORTED`;
 * `UNSUPPORTED_PLATFORM` for zstd on a Node without it; and whatever `bytes` throws.
 */
export async function extractRuntime(request: ExtractRequest): Promise<ExtractedFiles> {
  const { asset, destination, signal } = request;
  const limits = { ...DEFAULT_LIMITS, ...request.limits };
  const refuse = refuserOf(asset.name);
  const input = new ArchiveInput(request.bytes, signal);
  const tree = new TreeWriter(destination);
  const started = performance.now();
  const workMs = (): number => performance.now() - started - input.waitedMs;
  const policy = new MemberPolicy({ asset, limits, refuse, workMs });
  try {
    throwIfAborted(signal);
    for await (const member of membersOf(request, { input, limits, refuse })) {
      await unpack(member, policy, tree);
      throwIfAborted(signal);
    }
    const files = await tree.finish();
    policy.expectEntrypoint(files);
    throwIfAborted(signal);
    return files;
  } catch (error) {
    await tree.abandon();
    if (isDamage(error)) await input.drain();
    throw error;
  } finally {
    await input.close();
  }
}

async function unpack(member: Member, policy: MemberPolicy, tree: TreeWriter): Promise<void> {
  const placed = policy.admit(member);
  const body = policy.capped(member);
  if (placed === undefined) for await (const _ of body);
  else if (member.kind === 'directory') await tree.addDirectory(placed.path);
  else await tree.addFile(placed.path, placed.mode, body);
}

interface Reading {
  readonly input: ArchiveInput;
  readonly limits: ExtractLimits;
  readonly refuse: Refuse;
}

async function* membersOf(request: ExtractRequest, reading: Reading): AsyncGenerator<Member> {
  const { asset, path, signal } = request;
  const { input, limits, refuse } = reading;
  if (asset.format === 'zip') {
    await input.drain();
    const { readZip } = await import('./zip-reader.ts');
    yield* readZip({ path, limits, refuse, signal });
    return;
  }
  const plain = plainBytes(asset, reading);
  try {
    if (asset.format === 'zst') yield bareMember(stemOf(asset), plain);
    else yield* readTar(plain, limits, refuse);
  } finally {
    await plain.return(undefined);
  }
}

function plainBytes(
  { name, format }: ExtractRequest['asset'],
  reading: Reading,
): AsyncGenerator<Buffer> {
  if (format === 'tar') return asTheyCome(reading.input);
  return format === 'tar.gz' ? gunzip(reading) : unzstd(name, reading);
}

async function* asTheyCome(input: ArchiveInput): AsyncGenerator<Buffer> {
  for (let bytes = await input.next(); bytes !== null; bytes = await input.next()) yield bytes;
}

/** A `.zst` is the executable itself: its name and nature come from the asset. */
function bareMember(name: string, body: AsyncIterable<Buffer>): Member {
  return { name, kind: 'file', size: null, executable: true, body };
}
