import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import {
  layoutOf,
  namesPrefix,
  openPlace,
  type Place,
  type PlacedPackage,
  type PlaceOptions,
  type PrefixOptions,
  type Survey,
  verifyVisiblePrefix,
} from '../place/index.ts';
import { type ExactRequest, openRequest, type Settings, settingsOf } from '../request/index.ts';
import { findStored, isWantedOutside, type Runtime } from '../store/index.ts';
import { isNative } from '../target/index.ts';
import { exactRequest } from './exact-request.ts';

/** What is wanted, and the place that was looked at. */
interface Surveyed {
  readonly request: ExactRequest;
  readonly place: Place;
  /** What is there, wanted and whole or not. */
  readonly survey: Survey;
}

/** The place holds it whole: nothing has to come. */
export interface PresentPlan extends Surveyed {
  readonly action: 'none';
  readonly present: PlacedPackage;
}

/** It has to come, from the store (`link`) or from a channel. */
export type FetchPlan = Surveyed &
  ({ readonly action: 'link'; readonly stored: Runtime } | { readonly action: 'download' });

/**
 * Looks at what is there and decides what an installation has to do; changes nothing, and asks the
 * network only what a range or a moving name means.
 * @throws CodexRuntimeError as opening a place and completing a request do
 */
export async function planInstall(options: PlaceOptions): Promise<PresentPlan | FetchPlan> {
  const settings = settingsOf(options);
  return await planIn(await openPlace(options, settings), options, settings);
}

/**
 * {@link planInstall} for a run, which needs no Python. A prefix that was named answers for itself:
 * what it does not hold is not taken from elsewhere.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when such a prefix has no runtime, or another one;
 * `DAMAGED` when it has the wanted one and it is not whole
 */
export async function planRun(options: PrefixOptions): Promise<PresentPlan | FetchPlan> {
  const settings = settingsOf(options);
  const place = await openPlace({ ...options, ecosystem: 'node' }, settings);
  const plan = await planIn(place, options, settings);
  if (plan.action === 'none' || !namesPrefix(options)) return plan;
  if (plan.request.force && (await isWanted(plan))) return plan;
  if (plan.survey.runtime === undefined) {
    await verifyVisiblePrefix(await layoutOf(options, settings));
  }
  throw await notInPlace(plan);
}

async function planIn(
  place: Place,
  options: PrefixOptions,
  settings: Settings,
): Promise<PresentPlan | FetchPlan> {
  const survey = await place.survey(options.signal);
  const named = openRequest(
    options,
    settings,
    async () => (await survey.healthy())?.runtime ?? null,
  );
  const request = await exactRequest(
    await named.catch(async (error: unknown) => {
      throw await withDamaged(error, place, survey);
    }),
  );
  const surveyed = { request, place, survey };
  // The cheap question first: a package of another version need not be looked through.
  const mayServe = !request.force && (await isWanted(surveyed));
  const present = mayServe ? await survey.healthy() : undefined;
  if (present !== undefined) return { ...surveyed, action: 'none', present };
  const stored = request.force ? undefined : await findStored(settings.home, request);
  return stored === undefined
    ? { ...surveyed, action: 'download' }
    : { ...surveyed, action: 'link', stored };
}

async function isWanted({ request, survey: { runtime } }: Surveyed): Promise<boolean> {
  return runtime !== undefined && (await isWantedOutside(request.settings.home, runtime, request));
}

async function notInPlace(plan: Surveyed): Promise<CodexRuntimeError> {
  const { request, place, survey } = plan;
  const { version, target, settings } = request;
  const prefix = await place.prefix();
  const wanted = `Codex ${version.semver} for ${target.triple}`;
  const foreign = isNative(settings.host, target) ? [] : [`--target ${target.triple}`];
  const command = ['codex-runtime install', version.semver, ...foreign, ...place.flags].join(' ');
  const details = {
    hint: `Run "${command}" first, or leave out the prefix to use the store.`,
    fields: {
      version: version.semver,
      target: target.triple,
      prefix,
      actual: survey.runtime?.version ?? null,
    },
  };
  if (await isWanted(plan)) {
    const message = `${wanted} in the prefix ${prefix} is damaged.`;
    return new CodexRuntimeError('DAMAGED', message, details);
  }
  const { runtime } = survey;
  if (runtime === undefined) {
    const message = `The prefix ${prefix} has no runtime.`;
    return new CodexRuntimeError('RELEASE_NOT_FOUND', message, details);
  }
  const isAlike = runtime.version === version.semver && runtime.target === target.triple;
  const message = `The prefix ${prefix} has Codex ${runtime.version} for ${runtime.target}, ${isAlike ? unlike(request) : `not ${wanted}`}.`;
  return new CodexRuntimeError('RELEASE_NOT_FOUND', message, details);
}

/** Why a runtime of the wanted version and target is not what is wanted. */
function unlike({ signer, lock, settings }: ExactRequest): string {
  if (signer !== undefined) return 'whose signature has not been verified';
  return lock === null
    ? `which is not of ${settings.github.repo}`
    : 'which is not what the lockfile pins';
}

/** A damaged package does not decide the version, but the error says which one is there. */
async function withDamaged(error: unknown, place: Place, survey: Survey): Promise<unknown> {
  if (!isCodexRuntimeError(error, 'PIN_MISSING')) return error;
  const found = (await survey.healthy()) === undefined ? await survey.damaged() : undefined;
  if (found === undefined) return error;
  const command = ['codex-runtime install', found.version, ...place.flags].join(' ');
  const what = `${place.name} ${found.version} in ${found.dir}`;
  return error.with({
    message: `No Codex version is named, and ${what} is damaged or was not installed by codex-runtime.`,
    hint: `Run "${command}" to install it again.`,
    fields: { installed: found.version, dir: found.dir },
  });
}
