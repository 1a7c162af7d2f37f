import { withoutSecrets } from '../../child/without-secrets.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../../errors.ts';
import { type NpmRun, runNpm, type UploadGate } from '../../fetch/npm/index.ts';
import { asJsonObject, tryParseJson } from '../../json.ts';
import { redirects } from './registry-redirect.ts';

export interface NpmClientOptions extends Omit<NpmRun, 'proxy'> {
  /** npm's only way out. */
  readonly gate: UploadGate;
  /** Origin of the registry that it leads to. */
  readonly origin: string;
  /** The root package's name: whose registry is asked for what is staged. */
  readonly releaseName: string;
  /** URL of the registry; null for the one that npm's configuration names. */
  readonly registry: string | null;
  /** Signed provenance, where the CI supports it. */
  readonly provenance: boolean;
  /** Whether npm has no credential but a CI's identity. */
  readonly byIdentity: boolean;
  /** Who may see a scoped package that is new; null for npm's own choice. */
  readonly access: 'public' | 'restricted' | null;
}

/** The writes to a registry, each through npm's own command and credentials. */
export interface NpmClient {
  publish(tarball: string, name: string, tag: string): Promise<void>;
  tag(name: string, version: string, tag: string): Promise<void>;
  untag(name: string, tag: string): Promise<void>;
  /** What the registry holds back until a maintainer approves it. */
  listStaged(): Promise<readonly HeldPackage[]>;
  /** Uploads a package that the registry holds back; its id there. */
  stage(tarball: string, name: string, tag: string): Promise<string>;
}

/** As the registry tells it. */
export interface HeldPackage {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly tag: string | null;
  /** SHA-1 of the tarball, in hexadecimal digits. */
  readonly shasum: string | null;
}

/** All methods throw CodexRuntimeError `PUBLISH_FAILED` with npm's own words, and `ABORTED`. */
export function createNpmClient(options: NpmClientOptions): NpmClient {
  const { gate, origin } = options;
  const run = async (
    doing: string,
    name: string,
    [command, ...args]: readonly [string, ...string[]],
  ) => {
    const through = { ...options, proxy: gate.proxy };
    const result = await runNpm([command, ...registryArguments(name, options), ...args], through);
    if (gate.refused !== null) throw redirects(origin, gate.refused, 'Nothing was sent there.');
    if (result.status !== 0) {
      if (command === 'stage' && UNKNOWN_COMMAND.test(`${result.stdout}${result.stderr}`))
        throw tooOld();
      throw npmFailure(doing, options, result);
    }
    return result.stdout;
  };
  const publishing = (tag: string) => [
    `--tag=${tag}`,
    '--ignore-scripts',
    ...(options.provenance ? ['--provenance'] : []),
    ...(options.access === null ? [] : [`--access=${options.access}`]),
  ];
  return {
    publish: async (tarball, name, tag) => {
      await run(`publish ${name}`, name, ['publish', ...publishing(tag), '--', tarball]);
    },
    tag: async (name, version, tag) => {
      await run(`tag ${name}@${version}`, name, ['dist-tag', 'add', `${name}@${version}`, tag]);
    },
    untag: async (name, tag) => {
      await run(`untag ${name}`, name, ['dist-tag', 'rm', name, tag]);
    },
    listStaged: async () => {
      const { releaseName: name } = options;
      return parseStaged(await run('list staged packages', name, ['stage', 'list', '--json']));
    },
    stage: async (tarball, name, tag) => {
      const words = ['stage', 'publish', '--json', ...publishing(tag), '--', tarball] as const;
      const answer = asJsonObject(tryParseJson(await run(`stage ${name}`, name, words)));
      // npm 12 puts it under the package's name.
      const { stageId = answer['stageId'] } = asJsonObject(answer[name]);
      if (typeof stageId === 'string') return stageId;
      throw notUnderstood(`staging ${name}`);
    },
  };
}

function parseStaged(text: string): readonly HeldPackage[] {
  const items = tryParseJson(text);
  if (!Array.isArray(items)) throw notUnderstood('listing staged packages');
  const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null);
  return items.map((item) => {
    const { id, packageName: name, version, tag, shasum } = asJsonObject(item);
    if (typeof id !== 'string' || typeof name !== 'string' || typeof version !== 'string') {
      throw notUnderstood('listing staged packages');
    }
    return { id, name, version, tag: textOrNull(tag), shasum: textOrNull(shasum) };
  });
}

function notUnderstood(doing: string): CodexRuntimeError {
  return new CodexRuntimeError('PUBLISH_FAILED', `npm's answer to ${doing} was not understood.`, {
    hint: 'Run "npm stage list" to see what is waiting there.',
  });
}

function tooOld(): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', 'This npm cannot stage packages.', {
    hint: 'Use npm 11.15 or newer, or leave out --stage.',
  });
}

const UNKNOWN_COMMAND = /Unknown command: "stage"/;

/** `--registry` alone would lose against a registry that `.npmrc` gives to the scope. */
function registryArguments(name: string, { registry }: NpmClientOptions): readonly string[] {
  if (registry === null) return [];
  const scope = /^(@[^/]+)\//.exec(name)?.[1];
  return [
    `--registry=${registry}`,
    ...(scope === undefined ? [] : [`--${scope}:registry=${registry}`]),
  ];
}

function npmFailure(
  doing: string,
  options: NpmClientOptions,
  { status, stderr }: { readonly status: number | null; readonly stderr: string },
): CodexRuntimeError {
  const lines = stderr.split('\n').filter((line) => NPM_ERROR.test(line));
  const said = lines.map((line) => line.replace(NPM_ERROR, '')).filter(Boolean);
  const code = /^code (E\w+)$/.exec(said[0] ?? '')?.[1] ?? null;
  const words = withoutSecrets(
    said.slice(code === null ? 0 : 1, 4).join(' '),
    options.settings.env,
  );
  return new CodexRuntimeError('PUBLISH_FAILED', `npm could not ${doing}: ${words || status}`, {
    hint: STAGED.test(words)
      ? 'The registry keeps an unfinished upload of this version that nobody can see or replace. Ask its support to remove it, or publish a new version.'
      : `${causeOf(code, options)}Fix what npm names and run the same command again: it continues where it stopped.`,
    fields: { status, npm: code },
  });
}

/**
 * What a failed npm says of the registry's state.
 * - `taken`: the version is there, or will be: nobody can publish it any more.
 * - `busy`: another write was in the way; the same one may pass next time.
 * - `lost`: the server or the network failed, and the change may have been made.
 * - `refused`: it was not made.
 */
export type NpmAnswer = 'taken' | 'busy' | 'lost' | 'refused';

export function answerOf(error: unknown): NpmAnswer {
  if (!isCodexRuntimeError(error, 'PUBLISH_FAILED')) return 'refused';
  const code = String(error.fields['npm']);
  if (code === 'EPUBLISHCONFLICT' || TAKEN.test(error.message)) return 'taken';
  if (code === 'E409') return 'busy';
  return LOST.test(code) ? 'lost' : 'refused';
}

/** Codes after which nobody knows whether the registry has done it. */
const LOST = /^(?:E5\d\d|ECONN\w+|ETIMEDOUT|EPIPE|ERR_SOCKET_\w+|ERR_STREAM_\w+)$/;

/** npm's registry after an upload that it has not finished. */
const STAGED = /previously staged/i;

/** npm's registry, npm itself, verdaccio. */
const TAKEN = /previously (?:published|staged)|over existing version|already present/i;

/** npm 10 and newer write the second. */
const NPM_ERROR = /^npm (?:ERR!|error)\s*/;

/** What npm's words leave out, with a space at its end. */
function causeOf(code: string | null, { byIdentity, provenance }: NpmClientOptions): string {
  if (byIdentity && code !== null && UNAUTHORISED.includes(code)) {
    return "With a CI's identity alone it takes npm 11.5.1 or newer, and a trusted publisher of each package that names this repository, workflow and environment. ";
  }
  if (provenance && code === 'E422') {
    return 'With provenance the packages must name the repository of this job: "pack --repository". ';
  }
  return '';
}

/** A registry that must not tell what exists answers 404. */
const UNAUTHORISED: readonly string[] = ['ENEEDAUTH', 'E401', 'E403', 'E404'];
