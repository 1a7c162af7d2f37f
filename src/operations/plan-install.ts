import { trustedOwners, writtenByOthers } from '../disk/others.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import {
  type InstalledPackage,
  isHealthy,
  layoutOf,
  loadInstalled,
  namesPrefix,
  type PrefixLayout,
  type PrefixOptions,
  prefixFlags,
} from '../install/index.ts';
import { type ExactRequest, exactRequest, openRequest, settingsOf } from '../request/index.ts';
import { DEFAULT_PACKAGE_NAME, parsePackageName } from '../stage/package-names.ts';
import { findStored, isWantedOutside, type Runtime } from '../store/index.ts';
import { isNative } from '../target/index.ts';

/** What is wanted, and the prefix that was looked at. */
interface Surveyed {
  readonly request: ExactRequest;
  readonly layout: PrefixLayout;
  /** Name of the package in the prefix. */
  readonly name: string;
  /** What is there under that name, wanted and whole or not. */
  readonly found: InstalledPackage | undefined;
}

/** The prefix holds it whole: nothing has to come. */
export interface PresentPlan extends Surveyed {
  readonly action: 'none';
  readonly present: InstalledPackage;
}

/** It has to come, from the store (`link`) or from a channel. */
export type FetchPlan = Surveyed &
  ({ readonly action: 'link'; readonly stored: Runtime } | { readonly action: 'download' });

/**
 * Looks at what is there and decides what an installation has to do; changes nothing, and asks the
 * network only what a range or a moving name means.
 * @throws CodexRuntimeError as completing a request does
 */
export async function planInstall(options: PrefixOptions): Promise<PresentPlan | FetchPlan> {
  const settings = settingsOf(options);
  const layout = await layoutOf(options, settings);
  const name = parsePackageName(options.name ?? DEFAULT_PACKAGE_NAME);
  const there = await loadInstalled(layout, name);
  const trusted = namesPrefix(options) ? null : trustedOwners(settings.cwd);
  // It may be run: what others could have put there counts where the prefix is named.
  const found =
    there !== undefined && writtenByOthers(there.dir, trusted) === undefined ? there : undefined;
  let looking: Promise<InstalledPackage | undefined> | undefined;
  // Looking at every file takes a while: once, and only where the answer counts.
  const healthy = () => {
    looking ??= unlessDamaged(layout, found, options.signal);
    return looking;
  };
  const named = openRequest(options, settings, async () => (await healthy())?.runtime ?? null);
  const request = await exactRequest(
    await named.catch((error: unknown) => {
      throw found === undefined ? error : withDamaged(error, layout, found);
    }),
  );
  const { home } = settings;
  // The cheap question first: a package of another version need not be looked through.
  const mayServe =
    !request.force && found !== undefined && (await isWantedOutside(home, found.runtime, request));
  const present = mayServe ? await healthy() : undefined;
  if (present !== undefined) return { action: 'none', request, layout, name, found, present };
  const stored = request.force ? undefined : await findStored(home, request);
  return stored === undefined
    ? { action: 'download', request, layout, name, found }
    : { action: 'link', request, layout, name, found, stored };
}

/**
 * {@link planInstall} for a run. A prefix that was named answers for itself: what it does not hold
 * is not taken from elsewhere.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when such a prefix has no runtime, or another one;
 * `DAMAGED` when it has the wanted one and it is not whole
 */
export async function planRun(options: PrefixOptions): Promise<PresentPlan | FetchPlan> {
  const plan = await planInstall(options);
  if (plan.action === 'none' || !namesPrefix(options)) return plan;
  const { request, layout, name, found } = plan;
  const { version, target, force } = request;
  const wanted = `Codex ${version.semver} for ${target.triple}`;
  const flags = prefixFlags(layout, name);
  const foreign = isNative(request.settings.host, target) ? [] : [`--target ${target.triple}`];
  const command = ['codex-runtime install', version.semver, ...foreign, ...flags].join(' ');
  const isThere =
    found !== undefined && (await isWantedOutside(request.settings.home, found.runtime, request));
  if (isThere && force) return plan;
  const has =
    found === undefined
      ? 'has no runtime'
      : `has Codex ${found.version} for ${found.runtime.target}`;
  throw new CodexRuntimeError(
    isThere ? 'DAMAGED' : 'RELEASE_NOT_FOUND',
    isThere
      ? `${wanted} in the prefix ${layout.prefix} is damaged.`
      : `The prefix ${layout.prefix} ${has}, ${isAlike(plan) ? unlike(request) : `not ${wanted}`}.`,
    {
      hint: `Run "${command}" first, or leave out the prefix to use the store.`,
      fields: {
        version: version.semver,
        target: target.triple,
        prefix: layout.prefix,
        actual: found?.version ?? null,
      },
    },
  );
}

/** Whether the prefix has the version and the target, and yet not what is wanted. */
function isAlike({ found, request: { version, target } }: Surveyed): boolean {
  return found?.version === version.semver && found.runtime.target === target.triple;
}

function unlike({ signer, lock, settings }: ExactRequest): string {
  if (signer !== undefined) return 'whose signature has not been verified';
  return lock === null
    ? `which is not of ${settings.github.repo}`
    : 'which is not what the lockfile pins';
}

/** A damaged package does not decide the version, but the error says which one was there. */
function withDamaged(
  error: unknown,
  layout: PrefixLayout,
  { name, version, dir }: InstalledPackage,
): unknown {
  if (!isCodexRuntimeError(error, 'PIN_MISSING')) return error;
  const command = ['codex-runtime install', version, ...prefixFlags(layout, name)].join(' ');
  return error.with({
    message: `No Codex version is named, and ${name} ${version} at ${dir} is damaged.`,
    hint: `Run "${command}" to have it whole again.`,
    fields: { installed: version, dir },
  });
}

async function unlessDamaged(
  layout: PrefixLayout,
  found: InstalledPackage | undefined,
  signal: AbortSignal | undefined,
): Promise<InstalledPackage | undefined> {
  return found !== undefined && (await isHealthy(layout, found, signal)) ? found : undefined;
}
