import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CodexRuntimeError } from '../errors.ts';
import {
  layoutOf,
  loadInstalled,
  loadKnownPrefixes,
  type PrefixLayout,
  type PrefixOptions,
  prefixLayout,
} from '../install/index.ts';
import { parseVersion } from '../pin/index.ts';
import { settingsOf } from '../request.ts';
import { DEFAULT_PACKAGE_NAME } from '../stage/package-names.ts';
import {
  homeLayout,
  listRuntimeDirs,
  loadManifest,
  MANIFEST_NAME,
  type RuntimeDescription,
} from '../store/index.ts';
import { parseTarget } from '../target/index.ts';

/** A runtime that is to be looked at, in the store or as a package in a prefix. */
export interface Subject {
  /** Where its tree lies. */
  readonly dir: string;
  /** Null when `runtime.json` is there and cannot be understood. */
  readonly runtime: RuntimeDescription | null;
  /** Null for the store. */
  readonly package: { readonly layout: PrefixLayout; readonly name: string } | null;
  /** What the place says that it holds, as `version/target/variant`; null in a prefix. */
  readonly key: string | null;
}

/**
 * The runtimes that the options mean: with a prefix the package in it, with a version that
 * version's runtimes in the store, with neither everything that is known on this machine.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when there is none, `PIN_INVALID`
 */
export async function findSubjects(options: PrefixOptions): Promise<readonly Subject[]> {
  const { home } = settingsOf(options);
  const inPrefix = options.prefix !== undefined || options.global === true;
  const stored = inPrefix ? [] : (await storedSubjects(home)).filter(isMeant(options));
  const known = await prefixesOf(options, inPrefix);
  const installed = await Promise.all(known.map(({ layout, name }) => prefixSubject(layout, name)));
  const subjects = [...stored, ...installed.filter((subject) => subject !== undefined)];
  if (subjects.length > 0) return subjects;
  const what = options.version === undefined ? 'runtime' : `Codex ${options.version}`;
  const where = inPrefix ? `in the prefix ${known[0]?.layout.prefix}` : `in the store ${home}`;
  throw new CodexRuntimeError('RELEASE_NOT_FOUND', `There is no ${what} ${where}.`, {
    hint: 'Run codex-runtime list to see what is here, or codex-runtime install to change it.',
  });
}

async function prefixesOf(options: PrefixOptions, inPrefix: boolean) {
  if (inPrefix) {
    const name = options.name ?? DEFAULT_PACKAGE_NAME;
    return [{ layout: await layoutOf(options), name }];
  }
  if (options.version !== undefined) return [];
  const { home, host } = settingsOf(options);
  return (await loadKnownPrefixes(home)).map((known) => ({
    layout: prefixLayout({ ...known, platform: host.platform }),
    name: known.name,
  }));
}

async function storedSubjects(home: string): Promise<readonly Subject[]> {
  const { store } = homeLayout(home);
  return await Promise.all(
    (await listRuntimeDirs(home)).map(async (dir) => ({
      dir,
      runtime: (await loadManifest(dir)) ?? null,
      package: null,
      key: relative(store, dir).replaceAll('\\', '/'),
    })),
  );
}

function isMeant({ version, target }: PrefixOptions): (subject: Subject) => boolean {
  const semver = version === undefined ? undefined : parseVersion(version).semver;
  const triple = target === undefined ? undefined : parseTarget(target).triple;
  // The directory says which one it is even where its manifest cannot be read.
  return ({ key }) => {
    const [ofVersion, ofTarget] = key?.split('/') ?? [];
    return (
      (semver === undefined || semver === ofVersion) &&
      (triple === undefined || triple === ofTarget)
    );
  };
}

async function prefixSubject(layout: PrefixLayout, name: string): Promise<Subject | undefined> {
  const found = await loadInstalled(layout, name);
  const dir = join(layout.modules, name);
  const subject = { dir, package: { layout, name }, key: null };
  if (found !== undefined) return { ...subject, runtime: found.runtime };
  const unreadable = await readFile(join(dir, MANIFEST_NAME)).catch(() => undefined);
  return unreadable === undefined ? undefined : { ...subject, runtime: null };
}
