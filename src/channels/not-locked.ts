import type { Channel } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import { type Lock, pinCommand } from '../lockfile/index.ts';
import type { Target } from '../target/index.ts';

/** A `LOCK_INCOMPLETE`: the lock pins the target, but no bytes of it that `channel` carries. */
export function notLocked(lock: Lock, target: Target, channel: Channel): CodexRuntimeError {
  const others = lockedChannels(lock, target).filter((other) => other !== channel);
  const locking = `"${pinCommand(lock)}" where ${channel} can be reached`;
  return new CodexRuntimeError(
    'LOCK_INCOMPLETE',
    `The lockfile pins nothing of Codex ${lock.version} for ${target.triple} that ${channel} carries.`,
    {
      hint:
        others.length === 0
          ? `Run ${locking}.`
          : `Take --source ${others.join(',')}, which it does pin, or run ${locking}.`,
      fields: { version: lock.version, target: target.triple, channel, locked: others },
    },
  );
}

/** The channels whose assets the lock pins for `target`. */
function lockedChannels(lock: Lock, target: Target): readonly Channel[] {
  const names = lock.targets[target.triple]?.assets.map(({ name }) => name) ?? [];
  const npm = names.some(isNpmName);
  const oci = names.some(isOciName);
  const release = names.some((name) => !isNpmName(name) && !isOciName(name));
  return [
    ...(release ? (['github', 'mirror'] as const) : []),
    ...(npm ? (['npm'] as const) : []),
    ...(oci ? (['oci'] as const) : []),
  ];
}

/** Whether a locked asset is a layer of an image. */
function isOciName(name: string): boolean {
  return name.startsWith('codex-oci-');
}

/** Whether a locked asset is npm's: the release assets that are locked are never `.tgz`. */
export function isNpmName(name: string): boolean {
  return name.endsWith('.tgz');
}
