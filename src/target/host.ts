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
  const os = host.platform === 'android' ? 'linux' : host.platform;
  const cpu = os === 'darwin' && host.rosetta === true ? 'arm64' : host.arch;
  const target = TARGETS.find((candidate) => candidate.os === os && candidate.cpu === cpu);
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
