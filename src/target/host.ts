import { CodexRuntimeError } from '../errors.ts';
import { TARGETS, type Target } from './target.ts';

/** What decides which build a machine runs. */
export interface Host {
  /** Node's `process.platform`. */
  readonly platform: string;
  /** Node's `process.arch`. */
  readonly arch: string;
  /** A translated x64 process on Apple silicon (`sysctl.proc_translated` = 1). Default false. */
  readonly rosetta?: boolean;
}

/**
 * The target that `host` runs best: the arm64 build under Rosetta, the static Linux build on
 * glibc, musl and Android alike.
 * @throws CodexRuntimeError `UNSUPPORTED_PLATFORM`
 */
export function hostTarget(host: Host): Target {
  const target = targetOf(host);
  if (target !== undefined) return target;
  throw new CodexRuntimeError(
    'UNSUPPORTED_PLATFORM',
    `Codex has no build for this machine (${host.platform}/${host.arch}).`,
    {
      hint: 'Name another target with --target to prepare a runtime for it.',
      fields: { platform: host.platform, arch: host.arch },
    },
  );
}

/** Whether `target` is the one that `host` runs best; false on a machine without a build of its own. */
export function isNative(host: Host, target: Target): boolean {
  return targetOf(host)?.triple === target.triple;
}

function targetOf({ platform, arch, rosetta }: Host): Target | undefined {
  const os = platform === 'android' ? 'linux' : platform;
  const cpu = os === 'darwin' && rosetta === true ? 'arm64' : arch;
  return TARGETS.find((candidate) => candidate.os === os && candidate.cpu === cpu);
}
