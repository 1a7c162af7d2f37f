import { join } from 'node:path';
import { throwIfAborted } from '../../abort.ts';
import { hashFile } from '../../disk/hash-file.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../../errors.ts';
import type { PackedFile } from '../pack/index.ts';
import type { HeldPackage, NpmClient } from './npm-client.ts';
import type { PublishStep } from './plan-publish.ts';

/** A package that the registry holds back until a maintainer approves it. */
export interface WaitingPackage {
  readonly name: string;
  readonly version: string;
  /** The registry's own, for `npm stage approve`. */
  readonly id: string;
  /** The dist-tag that it gets with its approval. */
  readonly tag: string;
}

export interface StageRequest {
  readonly directory: string;
  readonly client: NpmClient;
  /** What is left to do, in the order of publishing: the root package last. */
  readonly steps: readonly PublishStep[];
  /** The dist-tag of the release. */
  readonly tag: string;
  readonly onStep?: ((step: PublishStep) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Hands what is missing to a registry that stages it, and says what waits for approval, in the order in
 * which to approve it: the root package last. What is staged already stays so, and a run that was cut
 * off goes on. Null where the registry stages nothing.
 * @throws CodexRuntimeError `PUBLISH_FAILED` with npm's words, or when other bytes are staged under
 * the same version; `USAGE` for an npm that is too old; `ABORTED`
 */
export async function stageRelease(
  request: StageRequest,
): Promise<readonly WaitingPackage[] | null> {
  const { directory, client, steps, tag, signal } = request;
  const staged = await unlessUnknown(client.listStaged());
  if (staged === null) return null;
  const waiting: WaitingPackage[] = [];
  for (const step of steps) {
    if (step.action !== 'publish') continue;
    throwIfAborted(signal);
    const { name, version } = step.file.package;
    const known = staged.find((each) => each.name === name && each.version === version);
    if (known !== undefined) {
      await verifyStaged(known, { directory, file: step.file, signal });
      waiting.push({ name, version, id: known.id, tag: known.tag ?? tag });
      continue;
    }
    request.onStep?.({ action: 'stage', file: step.file, tag });
    const id = await unlessUnknown(client.stage(join(directory, step.file.path), name, tag));
    // One that lists and takes none has no staging either, as long as nothing was staged.
    if (id === null && waiting.length === 0) return null;
    if (id === null) throw noLongerStaging(name);
    waiting.push({ name, version, id, tag });
  }
  return waiting;
}

/** A registry without staged publishing knows no such address. */
async function unlessUnknown<T>(asking: Promise<T>): Promise<T | null> {
  return await asking.catch((error: unknown) => {
    if (isCodexRuntimeError(error, 'PUBLISH_FAILED') && error.fields['npm'] === 'E404') return null;
    throw error;
  });
}

/** Approving other bytes than these would publish them. */
async function verifyStaged(
  { id, shasum }: HeldPackage,
  { directory, file, signal }: Pick<StageRequest, 'directory' | 'signal'> & { file: PackedFile },
): Promise<void> {
  if (shasum === null) return;
  const { name, version } = file.package;
  const { sha1 } = await hashFile(join(directory, file.path), ['sha1'], signal);
  const expected = sha1.toString('hex');
  if (shasum === expected) return;
  throw new CodexRuntimeError(
    'PUBLISH_FAILED',
    `The registry has another build of ${name}@${version} waiting for approval.`,
    {
      hint: `If it is yours and outdated, run "npm stage reject ${id}", then the same command again.`,
      fields: { package: name, version, id, expected, actual: shasum },
    },
  );
}

function noLongerStaging(name: string): CodexRuntimeError {
  return new CodexRuntimeError(
    'PUBLISH_FAILED',
    `The registry staged other packages of this release, and answers 404 for ${name}.`,
    {
      hint: 'Ask whether you may publish it, and run the same command again: it continues where it stopped.',
      fields: { package: name },
    },
  );
}
