import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { type ExactRequest, exactRequest } from '../exact-request.ts';
import {
  type InstalledPackage,
  isHealthy,
  layoutOf,
  loadInstalled,
  type PrefixLayout,
  type PrefixOptions,
  prefixFlags,
} from '../install/index.ts';
import { completeRequest } from '../request.ts';
import { DEFAULT_PACKAGE_NAME, parsePackageName } from '../stage/package-names.ts';
import { findStored, isWantedOutside, type Runtime } from '../store/index.ts';

/** What is wanted, and the prefix that was looked at. */
interface Surveyed {
  readonly request: ExactRequest;
  readonly layout: PrefixLayout;
  /** Name of the package in the prefix. */
  readonly name: string;
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
  return await plan(options, ({ force }) => !force);
}

/** {@link planInstall} for a run: a prefix serves only where it said which version is wanted. */
export async function planRun(options: PrefixOptions): Promise<PresentPlan | FetchPlan> {
  return await plan(options, ({ pin }) => pin.origin === 'installed');
}

async function plan(
  options: PrefixOptions,
  mayServe: (request: ExactRequest) => boolean,
): Promise<PresentPlan | FetchPlan> {
  const layout = await layoutOf(options);
  const name = parsePackageName(options.name ?? DEFAULT_PACKAGE_NAME);
  const found = await loadInstalled(layout, name);
  let looking: Promise<InstalledPackage | undefined> | undefined;
  // Looking at every file takes a while: once, and only where the answer counts.
  const healthy = () => {
    looking ??= unlessDamaged(layout, found);
    return looking;
  };
  const named = completeRequest(options, async () => (await healthy())?.runtime ?? null);
  const request = await exactRequest(
    await named.catch((error: unknown) => {
      throw found === undefined ? error : withDamaged(error, layout, found);
    }),
  );
  const { home } = request.settings;
  const present = mayServe(request) ? await healthy() : undefined;
  if (present !== undefined && (await isWantedOutside(home, present.runtime, request))) {
    return { action: 'none', request, layout, name, present };
  }
  const stored = request.force ? undefined : await findStored(home, request);
  return stored === undefined
    ? { action: 'download', request, layout, name }
    : { action: 'link', request, layout, name, stored };
}

/** A damaged package does not decide the version, but the error says which one was there. */
function withDamaged(
  error: unknown,
  layout: PrefixLayout,
  { name, version, dir }: InstalledPackage,
): unknown {
  if (!isCodexRuntimeError(error, 'PIN_MISSING')) return error;
  const command = ['codex-runtime install', version, ...prefixFlags(layout, name)].join(' ');
  return new CodexRuntimeError(
    'PIN_MISSING',
    `No Codex version is named, and ${name} ${version} at ${dir} is damaged.`,
    {
      hint: `Run "${command}" to have it whole again.`,
      fields: { ...error.fields, installed: version, dir },
      cause: error,
    },
  );
}

async function unlessDamaged(
  layout: PrefixLayout,
  found: InstalledPackage | undefined,
): Promise<InstalledPackage | undefined> {
  return found !== undefined && (await isHealthy(layout, found)) ? found : undefined;
}
