import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asJsonObject, isSha256, tryParseJson } from '../../json.ts';
import type { Runtime } from '../../store/index.ts';

/** The work of others in a runtime's tree. */
export interface BundledComponent {
  readonly name: string;
  /** Null where the tree does not say. */
  readonly version: string | null;
  /** An SPDX expression. */
  readonly license: string;
  /** The archive that it was built from; null where the tree does not say. */
  readonly source: { readonly url: string; readonly sha256: string } | null;
}

/** Codex itself. */
export const CODEX_LICENSE = 'Apache-2.0';

const VOICE = 'codex-resources/voice/';

/** What the files of a tree are, by their path. Each project's own licence. */
const BY_PATH: readonly (readonly [RegExp, string, string])[] = [
  [/^codex-path\/rg(?:\.exe)?$/, 'ripgrep', 'MIT OR Unlicense'],
  [/^codex-resources\/bwrap$/, 'bubblewrap', 'LGPL-2.0-or-later'],
  [/^codex-resources\/zsh\//, 'zsh', 'LicenseRef-zsh'],
  [/\/vcruntime140\.dll$/, 'vcruntime140', 'LicenseRef-Microsoft-Visual-Cpp-Runtime'],
];

/** The libraries of `voice/`, as `voice/NOTICE.md` and `voice/licenses` have them. */
const VOICE_LICENSES: Readonly<Record<string, string>> = {
  glib: 'LGPL-2.1-or-later',
  gstreamer: 'LGPL-2.1-or-later',
  'gst-plugins-base': 'LGPL-2.1-or-later',
  'gst-plugins-good': 'LGPL-2.1-or-later',
  'proxy-libintl': 'LGPL-2.0-or-later',
  libffi: 'MIT',
  // With sljit.
  pcre2: 'BSD-2-Clause AND BSD-3-Clause',
  opus: 'BSD-3-Clause',
  zlib: 'Zlib',
};

/**
 * What a runtime carries besides Codex: helper programs by their path, and from 0.156 on the
 * libraries that `voice/sources.json` lists. Sorted by name. A library whose licence is not known
 * here gets a reference of its own (`LicenseRef-…`), so that nothing is claimed for it.
 */
export async function bundledComponents({
  dir,
  manifest,
}: Runtime): Promise<readonly BundledComponent[]> {
  const paths = manifest.files.map(({ path }) => path);
  const programs = BY_PATH.filter(([pattern]) => paths.some((path) => pattern.test(path))).map(
    ([, name, license]) => ({ name, version: null, license, source: null }),
  );
  const listed = paths.includes(`${VOICE}sources.json`)
    ? parseSources(await readFile(join(dir, VOICE, 'sources.json'), 'utf8'))
    : [];
  const unlisted = listed.length === 0 && paths.some((path) => path.startsWith(`${VOICE}lib/`));
  const voice = unlisted ? [{ ...UNLISTED, license: licenseRef(UNLISTED.name) }] : listed;
  return [...programs, ...voice].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const UNLISTED = { name: 'codex-voice', version: null, source: null };

function parseSources(text: string): readonly BundledComponent[] {
  const { sources } = asJsonObject(tryParseJson(text));
  if (!Array.isArray(sources)) return [];
  return sources.flatMap((entry): readonly BundledComponent[] => {
    const { name, version, role, url, sha256 } = asJsonObject(entry);
    // What it was built with is not in the tree.
    if (typeof name !== 'string' || !/^[\w.+-]+$/.test(name) || role === 'build-tool') return [];
    const isFound = typeof url === 'string' && URL.canParse(url) && isSha256(sha256);
    return [
      {
        name,
        version: typeof version === 'string' ? version : null,
        license: VOICE_LICENSES[name] ?? licenseRef(name),
        source: isFound ? { url, sha256 } : null,
      },
    ];
  });
}

function licenseRef(name: string): string {
  return `LicenseRef-${name.replace(/[^A-Za-z0-9.-]/g, '-')}`;
}

/** The licence of a package that holds all of them: one SPDX expression, Codex's own first. */
export function licenseExpression(components: readonly BundledComponent[]): string {
  const others = [...new Set(components.flatMap(({ license }) => license.split(' AND ')))].sort();
  return [CODEX_LICENSE, ...others.map((each) => (/ OR /.test(each) ? `(${each})` : each))].join(
    ' AND ',
  );
}
