import { CodexRuntimeError } from '../errors.ts';
import { isUpstream, nearWord } from '../pin/index.ts';

/** One way of GitHub's to deliver an asset. */
export type GitHubSource = 'api' | 'browser' | 'gh';

/** One channel to ask; `sources` null means GitHub's own order. */
export type SourceChoice =
  | { readonly channel: 'github'; readonly sources: readonly GitHubSource[] | null }
  | { readonly channel: 'mirror' }
  | { readonly channel: 'npm' }
  | { readonly channel: 'oci'; readonly reference: string }
  | { readonly channel: 'dir'; readonly path: string };

/** The channels to ask, in order. */
export type SourceSelection = readonly SourceChoice[];

/** GitHub, then OpenAI's mirror, then npm. */
const DEFAULT_SOURCES: SourceSelection = [
  { channel: 'github', sources: null },
  { channel: 'mirror' },
  { channel: 'npm' },
];

/** A fork's releases are on GitHub alone: the mirror and npm carry upstream's, of the same versions. */
const FORK_SOURCES: SourceSelection = [{ channel: 'github', sources: null }];

/**
 * The channels that may deliver releases of `repo`. Naming `mirror` or `npm` for a fork asserts that
 * its releases are upstream's, as in a private mirror.
 * @param named as `--source` has it; undefined for nothing
 * @throws CodexRuntimeError `USAGE` as {@link parseSources}
 */
export function sourcesFor(named: string | undefined, repo: string): SourceSelection {
  if (named !== undefined) return parseSources(named);
  return isUpstream(repo) ? DEFAULT_SOURCES : FORK_SOURCES;
}

/**
 * Reads `--source`: a comma-separated list of `github`, `mirror`, `npm`, `oci:HOST/REPOSITORY`
 * and `dir:PATH`, and of GitHub's single sources `api`, `browser` and `gh`. Order is kept; neighbouring single sources
 * are asked as one channel.
 * @throws CodexRuntimeError `USAGE` for an unknown, doubled or empty name.
 */
export function parseSources(text: string): SourceSelection {
  const names = text.split(',').map((name) => name.trim());
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw refuse(text, `names "${doubled}" twice`);
  return names.map((name) => parseChoice(name, text)).reduce(mergeNeighbours, []);
}

const SOURCE_NAMES = ['github', 'mirror', 'npm', 'oci', 'dir', 'api', 'browser', 'gh'];

function parseChoice(name: string, text: string): SourceChoice {
  switch (name) {
    case 'github':
      return { channel: 'github', sources: null };
    case 'api':
    case 'browser':
    case 'gh':
      return { channel: 'github', sources: [name] };
    case 'mirror':
    case 'npm':
      return { channel: name };
  }
  const reference = /^oci:(.+)$/.exec(name)?.[1];
  if (reference !== undefined) return { channel: 'oci', reference };
  const path = /^dir:(.+)$/s.exec(name)?.[1];
  if (path !== undefined && !path.includes('\0')) return { channel: 'dir', path };
  if (name === '') throw refuse(text, 'has an empty name');
  throw refuse(
    text,
    `names "${name}", which is not a source`,
    nearWord(name.split(':', 1)[0] ?? '', SOURCE_NAMES),
  );
}

function mergeNeighbours(merged: readonly SourceChoice[], choice: SourceChoice): SourceChoice[] {
  const last = merged.at(-1);
  if (last?.channel !== 'github' || choice.channel !== 'github') return [...merged, choice];
  if (last.sources === null || choice.sources === null) return [...merged, choice];
  return [...merged.slice(0, -1), { ...last, sources: [...last.sources, ...choice.sources] }];
}

function refuse(text: string, what: string, near?: string): CodexRuntimeError {
  const usual =
    'Use a comma-separated list of github, mirror, npm, oci:HOST/REPOSITORY, dir:PATH, api, browser, gh.';
  return new CodexRuntimeError('USAGE', `--source ${text} ${what}.`, {
    hint: near === undefined ? usual : `Did you mean ${near}? ${usual}`,
    fields: { source: text },
  });
}
