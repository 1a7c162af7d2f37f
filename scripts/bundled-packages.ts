import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** A package whose code is in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license: string;
  /** Its licence and notice files; where it has none, what its package.json says. */
  readonly terms: string;
  /** SRI of its tarball, from the lockfile. */
  readonly integrity: string;
}

const PACKAGE_DIR = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const LEGAL_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/** Every package that `metafile` took a module from, by name and version. */
export async function bundledPackages(
  root: string,
  { inputs }: Pick<Metafile, 'inputs'>,
): Promise<readonly BundledPackage[]> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const dirs = new Set(Object.keys(inputs).flatMap((path) => PACKAGE_DIR.exec(path) ?? []));
  const packages = new Map<string, BundledPackage>();
  for (const dir of [...dirs].sort()) {
    const manifest = JSON.parse(await readFile(join(root, dir, 'package.json'), 'utf8'));
    const { name, version, license, author } = manifest;
    const files = (await readdir(join(root, dir))).filter((file) => LEGAL_FILE.test(file)).sort();
    const texts = await Promise.all(files.map((file) => readFile(join(root, dir, file), 'utf8')));
    const stated = `${license}, by ${author?.name ?? author}; the package has no licence file.`;
    const terms = texts.join('\n\n').trim() || stated;
    const { integrity } = lock.packages[dir];
    packages.set(`${name}@${version}`, { name, version, license, terms, integrity });
  }
  return [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bundled]) => bundled);
}

/** What has to come along with their code: who wrote it, and under which terms. */
export function noticesText(packages: readonly BundledPackage[]): string {
  const sections = new Map<string, string[]>();
  for (const { name, version, license, terms } of packages) {
    sections.set(terms, [...(sections.get(terms) ?? []), `${name} ${version} (${license})`]);
  }
  return [
    'The published codex-runtime contains code of these packages, under the terms given with each.\n',
    ...[...sections].map(([terms, names]) => `${names.join('\n')}\n\n${terms}\n`),
  ].join(`\n${'-'.repeat(80)}\n\n`);
}
