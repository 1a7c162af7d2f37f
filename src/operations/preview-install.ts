import type { PrefixOptions } from '../install/index.ts';
import { notStored } from '../offline.ts';
import type { Triple } from '../target/index.ts';
import { planInstall } from './plan-install.ts';
import { type Resolution, resolveExact } from './resolve-runtime.ts';

/** What an installation would do now. */
export interface InstallPreview {
  /** Semver. */
  readonly version: string;
  readonly target: Triple;
  readonly prefix: string;
  /** `none`: the prefix has it. `link`: the store has it. `download`: a channel has it. */
  readonly action: 'none' | 'link' | 'download';
  /** The asset that would come, when one has to. */
  readonly resolution: Resolution | null;
  /** The same as a sentence. */
  readonly summary: string;
}

/**
 * Decides what `installRuntime` would do, and does nothing.
 * @throws CodexRuntimeError as resolving does
 */
export async function previewInstall(options: PrefixOptions): Promise<InstallPreview> {
  const plan = await planInstall(options);
  const { request, layout } = plan;
  const { target, version } = request;
  const preview = { version: version.semver, target: target.triple, prefix: layout.prefix };
  const what = `Codex ${version.semver} for ${target.triple}`;
  if (plan.action === 'none') {
    const summary = `${what} is installed in ${layout.prefix}; nothing to do.`;
    return { ...preview, action: 'none', resolution: null, summary };
  }
  if (plan.action === 'link') {
    const summary = `Would install ${what} from the store into ${layout.prefix}.`;
    return { ...preview, action: 'link', resolution: null, summary };
  }
  if (request.offline) throw notStored(request);
  const resolution = await resolveExact(request);
  const summary = `Would download ${resolution.asset.name} from ${resolution.channel} and install ${what} into ${layout.prefix}.`;
  return { ...preview, action: 'download', resolution, summary };
}
