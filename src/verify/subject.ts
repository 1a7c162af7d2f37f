import { join, relative, sep } from 'node:path';
import { CodexRuntimeError } from '../errors.ts';
import { DEFAULT_PACKAGE_NAME } from '../package/stage/index.ts';
import { parseVersion } from '../pin/index.ts';
import {
  findLostPackage,
  type LostPackage,
  layoutOf,
  loadInstalled,
  loadKnownPrefixes,
  namesPrefix,
  type PlaceOptions,
  type PrefixLayout,
  type PrefixOptions,
  prefixLayout,
  refuseMixed,
  verifyVisiblePrefix,
} from '../place/index.ts';
import type { Ecosystem, Settings } from '../request/index.ts';
import {
  homeLayout,
  listRuntimeDirs,
  loadManifest,
  type RuntimeDescription,
} from '../store/index.ts';
import { parseTarget } from '../target/index.ts';
import { directorySubject, interpreterSubject, pythonSubject } from './python-subject.ts';

/** A runtime that is to be looked at, in the store or as a package in a prefix. */
export interface Subject {
  /** Where its tree lies. */
  readonly dir: string;
  /** Null when `runtime.json` is gone or cannot be understood. */
  readonly runtime: RuntimeDescription | null;
  /** Null for the store. */
  readonly package: {
    readonly layout: PrefixLayout;
    readonly name: string;
    readonly ecosystem: Ecosystem;
    /** The interpreter whose own environment it is in; null for a directory. */
    readonly python: string | null;
  } | null;
  /** The package that should be here and is not; null where there is one. */
  readonly lost: LostPackage | null;
  /** The version that a package's link names, where its `runtime.json` cannot be understood. */
  readonly linkedVersion?: string | null;
  /** What its directory should hold; null in a prefix. */
  readonly key: StoreKey | null;
}

/** A runtime's place in the store, as the names of its directories say it. */
export interface StoreKey {
  readonly version: string;
  readonly target: string;
  readonly variant: string;
}

/**
 * The runtimes that the options mean: with a prefix the package in it, with a version or a target
 * the store's runtimes of these, with none of them everything that is known on this machine.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when there is none, `PIN_INVALID`, `USAGE` for a
 * target of a prefix
 */
export async function findSubjects(
  options: PlaceOptions,
  settings: Settings,
): Promise<readonly Subject[]> {
  refuseMixed(options);
  if (options.ecosystem === 'python') {
    refuseTarget(options);
    return [await interpreterSubject(options, settings)];
  }
  const { home } = settings;
  const inPrefix = namesPrefix(options);
  if (inPrefix) refuseTarget(options);
  const layout = inPrefix ? await layoutOf(options, settings) : null;
  if (layout !== null) await verifyVisiblePrefix(layout);
  const stored = inPrefix ? [] : (await storedSubjects(home)).filter(isMeant(options));
  const installed = await Promise.all(
    layout === null
      ? await knownSubjects(options, settings)
      : subjectsIn(home, layout, options.name ?? DEFAULT_PACKAGE_NAME),
  );
  const subjects = [...stored, ...installed.filter((subject) => subject !== undefined)];
  if (subjects.length > 0) return subjects;
  const what = options.version === undefined ? 'runtime' : `Codex ${options.version}`;
  const where = layout === null ? `The store ${home}` : `The prefix ${layout.prefix}`;
  throw new CodexRuntimeError('RELEASE_NOT_FOUND', `${where} has no ${what}.`, {
    hint: 'Run "codex-runtime list" to see what is installed.',
  });
}

/**
 * A package is of one target, and nobody compares it with another.
 * @throws CodexRuntimeError `USAGE`
 */
function refuseTarget({ target }: Pick<PrefixOptions, 'target'>): void {
  if (target === undefined) return;
  throw new CodexRuntimeError('USAGE', '--target applies to the store, not to a package.', {
    hint: 'Leave out --target, or the options that name a prefix or a Python environment.',
    fields: { target },
  });
}

type Sought = Promise<Subject | undefined>;

/** npm's layout, and a directory of Python packages of the same name. */
function subjectsIn(home: string, layout: PrefixLayout, name: string): readonly Sought[] {
  return [nodeSubject(home, layout, name), directorySubject(layout, name)];
}

async function knownSubjects(
  options: PrefixOptions,
  { home, host }: Settings,
): Promise<readonly Sought[]> {
  if (options.version !== undefined || options.target !== undefined) return [];
  return (await loadKnownPrefixes(home)).map(({ name, python, ...known }) => {
    const layout = prefixLayout({ ...known, platform: host.platform });
    return python === undefined
      ? nodeSubject(home, layout, name)
      : pythonSubject(layout, name, python);
  });
}

async function storedSubjects(home: string): Promise<readonly Subject[]> {
  const { store } = homeLayout(home);
  return await Promise.all(
    (await listRuntimeDirs(home)).map(async (dir) => ({
      dir,
      runtime: (await loadManifest(dir)) ?? null,
      package: null,
      lost: null,
      key: keyOf(relative(store, dir)),
    })),
  );
}

function keyOf(path: string): StoreKey {
  const [version = '', target = '', variant = ''] = path.split(sep);
  return { version, target, variant };
}

function isMeant({ version, target }: PrefixOptions): (subject: Subject) => boolean {
  const semver = version === undefined ? undefined : parseVersion(version).semver;
  const triple = target === undefined ? undefined : parseTarget(target).triple;
  // The directory says which one it is even where its manifest cannot be read.
  return ({ key }) =>
    (semver === undefined || semver === key?.version) &&
    (triple === undefined || triple === key?.target);
}

async function nodeSubject(
  home: string,
  layout: PrefixLayout,
  name: string,
): Promise<Subject | undefined> {
  const found = await loadInstalled(layout, name);
  const dir = join(layout.modules, name);
  const installed = { layout, name, ecosystem: 'node', python: null } as const;
  const subject = { dir, package: installed, key: null };
  if (found !== undefined) return { ...subject, runtime: found.runtime, lost: null };
  const lost = await findLostPackage(home, layout, name);
  if (lost === undefined) return undefined;
  if (lost.trace !== 'manifest') return { ...subject, runtime: null, lost };
  return { ...subject, runtime: null, lost: null, linkedVersion: lost.version };
}
