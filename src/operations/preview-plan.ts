import { findSettled, notStored } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import type { FetchPlan, PresentPlan } from './plan-install.ts';
import { type Resolution, resolveExact } from './resolve-runtime.ts';

/** What an installation would do now. */
export interface InstallPlan {
  /** Semver. */
  readonly version: string;
  readonly target: Triple;
  /** Absolute path of the prefix, or of the Python environment. */
  readonly prefix: string;
  /** `none`: it is there. `link`: the store has it. `download`: a channel has it. */
  readonly action: 'none' | 'link' | 'download';
  /** The asset that would come, when one has to. */
  readonly resolution: Resolution | null;
  /** The same as a sentence. */
  readonly summary: string;
}

/**
 * Says what a plan would do; asks the channels only where something has to come from them. A stored
 * runtime whose files are being replaced is waited for.
 */
export async function previewPlan(plan: PresentPlan | FetchPlan): Promise<InstallPlan> {
  const { request, place } = plan;
  const { target, version } = request;
  const prefix = await place.prefix();
  const preview = { version: version.semver, target: target.triple, prefix };
  const what = `Codex ${version.semver} for ${target.triple}`;
  const into = `${prefix}${place.ecosystem === 'python' ? ' with pip' : ''}`;
  if (plan.action === 'none') {
    const summary = `${what} is already installed in ${prefix}: nothing to do.`;
    return { ...preview, action: 'none', resolution: null, summary };
  }
  const isStored = async () =>
    !request.force && (await findSettled(request.settings.home, request)) !== undefined;
  if (plan.action === 'link' || (await isStored())) {
    const summary = `Would install ${what} from the store into ${into}.`;
    return { ...preview, action: 'link', resolution: null, summary };
  }
  if (request.offline) throw notStored(request);
  const resolution = await resolveExact(request);
  const { asset, channel } = resolution;
  const summary = `Would download ${asset.name} from ${channel} and install ${what} into ${into}.`;
  return { ...preview, action: 'download', resolution, summary };
}
