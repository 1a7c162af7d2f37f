import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from './fault-server.ts';
import { type Body, openBody, sendBody } from './loopback-body.ts';
import { type LoopbackRelease, launcherDocument } from './miniature-release.ts';

/** What a request asked for. `asset` is the API's answer by 302, `cdn` where that leads. */
export type LoopbackRoute =
  | 'release'
  | 'latest'
  | 'list'
  | 'asset'
  | 'browser'
  | 'cdn'
  | 'mirror-release'
  | 'mirror-latest'
  | 'mirror'
  | 'npm-document'
  | 'npm-list'
  | 'npm-keys'
  | 'npm-tags'
  | 'npm-tarball'
  | 'attestations'
  | 'npm-attestations'
  | 'unknown';

/** What goes wrong on a route. */
export interface LoopbackFault {
  readonly route: LoopbackRoute;
  /** Only where the request's path matches. Default: all of the route. */
  readonly path?: RegExp;
  /** How often it goes wrong before all is well. Default: always. */
  readonly times?: number;
  /** How often all is well before it goes wrong. Default 0. */
  readonly after?: number;
  /** Answer with this status and no body. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Wait so many milliseconds before the answer. */
  readonly delay?: number;
  /** Announce the whole length, and cut the connection after so many bytes. */
  readonly truncateAt?: number;
  /** Answer 200 with a login page. */
  readonly html?: boolean;
  /** Answer 200 with this JSON text. */
  readonly json?: string;
}

interface LoopbackRequest {
  readonly route: LoopbackRoute;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | null;
  readonly range: string | null;
}

/** GitHub, its CDN, OpenAI's mirror and an npm registry, on loopback. */
export interface LoopbackGitHub extends AsyncDisposable {
  /** Origin of API, browser URLs, mirror (`/mirror`) and registry (`/npm/`). */
  readonly url: string;
  /** The other origin that assets redirect to; a request with credentials gets a 400 there. */
  readonly cdnUrl: string;
  /** Variables that lead `codex-runtime` and npm here: add them to an environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Everything that was asked, in order. */
  readonly requests: readonly LoopbackRequest[];
  /** Paths asked for on `route`, in order. */
  asked(route: LoopbackRoute): string[];
  add(release: LoopbackRelease): void;
  /** Makes requests go wrong from now on; the first fault that fits a request counts. */
  fail(fault: LoopbackFault): void;
  /** Forgets all faults. */
  heal(): void;
  close(): Promise<void>;
}

export interface LoopbackOptions {
  /** Default `openai/codex`. */
  readonly repo?: string;
  /** Releases that are there from the start; the first is `latest`. */
  readonly releases?: readonly LoopbackRelease[];
  /** Whether the mirror has `release.json`. Default true. */
  readonly mirrorDocuments?: boolean;
  /** Whether the npm registry has a key and signs what it publishes. Default false. */
  readonly registrySigns?: boolean;
  /** Attestations by the digest of a release asset (`sha256:…`) or by npm version; more may be put in. */
  readonly attestations?: ReadonlyMap<string, readonly object[]>;
}

interface Answer {
  readonly route: LoopbackRoute;
  readonly json?: unknown;
  readonly redirect?: string;
  readonly body?: Body;
}

const NOWHERE: Answer = { route: 'unknown' };

/**
 * Starts the servers on free ports. Bodies carry an ETag and honour `Range`, as GitHub's CDN does.
 *
 * ```ts
 * await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('0.115.0')] });
 * github.fail({ route: 'release', status: 503 });
 * const settings = settingsFrom({ ...github.env, HOME: dir }, { cwd: dir, host });
 * ```
 */
export async function startLoopbackGitHub(options: LoopbackOptions = {}): Promise<LoopbackGitHub> {
  const { repo = 'openai/codex', mirrorDocuments = true, registrySigns = false } = options;
  const { attestations = new Map<string, readonly object[]>() } = options;
  const registryKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const releases: LoopbackRelease[] = [];
  const bodies = new Map<string, Body>();
  const requests: LoopbackRequest[] = [];
  const faults: { fault: LoopbackFault; spared: number; left: number }[] = [];

  const add = (release: LoopbackRelease): void => {
    releases.push(release);
    for (const { name, content } of release.assets) {
      bodies.set(`${release.version}/${name}`, openBody(content));
    }
    for (const { version, content } of release.builds) bodies.set(version, openBody(content));
  };
  for (const release of options.releases ?? []) add(release);

  const releaseJson = (release: LoopbackRelease) => ({
    tag_name: `rust-v${release.version}`,
    draft: false,
    ...(dateOf(release) === null ? {} : { published_at: dateOf(release) }),
    prerelease: release.version.includes('-'),
    assets: release.assets.map(({ name, digest }, index) => {
      const body = bodies.get(`${release.version}/${name}`);
      return {
        name,
        state: 'uploaded',
        size: body?.size,
        digest: digest === undefined ? `sha256:${body?.sha256}` : digest,
        url: `${api.url}/repos/${repo}/releases/assets/${releases.indexOf(release) * 1000 + index}`,
        browser_download_url: `${api.url}/${repo}/releases/download/rust-v${release.version}/${name}`,
      };
    }),
  });
  const npmJson = ({ version, integrity }: LoopbackRelease['builds'][number]) => {
    const vouched = integrity === null ? undefined : (integrity ?? bodies.get(version)?.sri);
    const signed = Buffer.from(`@openai/codex@${version}:${vouched}`);
    const sig = sign('sha256', signed, registryKey.privateKey).toString('base64');
    return {
      name: '@openai/codex',
      version,
      dist: {
        tarball: `${api.url}/npm/@openai/codex/-/codex-${version}.tgz`,
        ...(vouched === undefined ? {} : { integrity: vouched }),
        ...(registrySigns ? { signatures: [{ keyid: KEY_ID, sig }] } : {}),
      },
    };
  };
  const keysJson = {
    keys: [
      {
        keyid: KEY_ID,
        keytype: 'ecdsa-sha2-nistp256',
        scheme: 'ecdsa-sha2-nistp256',
        key: registryKey.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
        expires: null,
      },
    ],
  };
  const find = (version: string) => releases.find((release) => release.version === version);
  const document = (route: LoopbackRoute, release: LoopbackRelease | undefined): Answer =>
    release === undefined ? { route } : { route, json: releaseJson(release) };
  const file = (route: LoopbackRoute, key: string): Answer => {
    const body = bodies.get(key);
    return body === undefined ? { route } : { route, body };
  };
  const stable = () => releases.find(({ version }) => !version.includes('-'));

  const routes: readonly [RegExp, (...parts: string[]) => Answer][] = [
    [pattern(`/repos/${repo}/releases/tags/rust-v([^/]+)`), (v) => document('release', find(v))],
    [pattern(`/repos/${repo}/releases/latest`), () => document('latest', stable())],
    [
      pattern(`/repos/${repo}/releases\\?per_page=(\\d+)&page=(\\d+)`),
      (size, page) => {
        const from = (Number(page) - 1) * Number(size);
        const shown = releases.slice(from, from + Number(size));
        return { route: 'list', json: shown.map(releaseJson) };
      },
    ],
    [
      pattern(`/repos/${repo}/releases/assets/(\\d+)`),
      (id) => {
        const release = releases[Math.floor(Number(id) / 1000)];
        const asset = release?.assets[Number(id) % 1000];
        const redirect = `${cdn.url}/${release?.version}/${asset?.name}`;
        return asset === undefined ? { route: 'asset' } : { route: 'asset', redirect };
      },
    ],
    [
      pattern(`/${repo}/releases/download/rust-v([^/]+)/([^/]+)`),
      (v, name) =>
        bodies.has(`${v}/${name}`)
          ? { route: 'browser', redirect: `${cdn.url}/${v}/${name}` }
          : { route: 'browser' },
    ],
    [
      pattern('/mirror/releases/([^/]+)/release.json'),
      (v) => document('mirror-release', mirrorDocuments ? find(v) : undefined),
    ],
    [pattern('/mirror/channels/latest'), () => document('mirror-latest', stable())],
    [pattern('/mirror/releases/([^/]+)/([^/]+)'), (v, name) => file('mirror', `${v}/${name}`)],
    [
      pattern('/npm/@openai%2fcodex/([^/]+)'),
      (version) => {
        const build = releases.flatMap(({ builds }) => builds).find((b) => b.version === version);
        const json = build === undefined ? launcherDocument(find(version)) : npmJson(build);
        return json === undefined ? { route: 'npm-document' } : { route: 'npm-document', json };
      },
    ],
    [
      pattern('/npm/@openai%2fcodex'),
      () => {
        const builds = releases.flatMap((release) => release.builds);
        const launchers = releases.map(({ version }) => [version, { version }]);
        const versions = [...launchers, ...builds.map((build) => [build.version, npmJson(build)])];
        const times = releases.flatMap((release) =>
          [release.version, ...release.builds.map(({ version }) => version)].flatMap((version) => {
            const at = dateOf(release);
            return at === null ? [] : [[version, at]];
          }),
        );
        const time = times.length === 0 ? {} : { time: Object.fromEntries(times) };
        return { route: 'npm-list', json: { versions: Object.fromEntries(versions), ...time } };
      },
    ],
    [
      pattern('/npm/-/npm/v1/keys'),
      () => ({ route: 'npm-keys', ...(registrySigns ? { json: keysJson } : {}) }),
    ],
    [
      pattern(`/repos/${repo}/attestations/(sha256:[0-9a-f]+)\\?.*`),
      (digest) => {
        const found = attestations.get(digest)?.map((bundle) => ({ bundle, repository_id: 1 }));
        if (found === undefined) return { route: 'attestations' };
        return { route: 'attestations', json: { attestations: found } };
      },
    ],
    [
      pattern('/npm/-/npm/v1/attestations/@openai%2fcodex@([^/]+)'),
      (version) => {
        const found = attestations.get(version);
        if (found === undefined) return { route: 'npm-attestations' };
        const predicateType = 'https://slsa.dev/provenance/v1';
        const publish = 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1';
        const listed = found.map((bundle) => ({ predicateType, bundle }));
        const json = { attestations: [{ predicateType: publish, bundle: {} }, ...listed] };
        return { route: 'npm-attestations', json };
      },
    ],
    [
      pattern('/npm/-/package/@openai%2fcodex/dist-tags'),
      () => ({ route: 'npm-tags', json: { latest: stable()?.version } }),
    ],
    [
      pattern('/npm/@openai/codex/-/codex-([^/]+)\\.tgz'),
      (version) => file('npm-tarball', version),
    ],
  ];

  const handle = async (
    origin: 'api' | 'cdn',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const path = request.url ?? '/';
    const answer = origin === 'cdn' ? file('cdn', path.slice(1)) : route(routes, path);
    const authorization = request.headers.authorization ?? null;
    const range = request.headers.range ?? null;
    requests.push({ route: answer.route, path, authorization, range });
    const broken = faults.find(
      ({ fault, left }) =>
        left > 0 && fault.route === answer.route && (fault.path?.test(path) ?? true),
    );
    const spared = broken !== undefined && broken.spared > 0;
    if (broken !== undefined) broken[spared ? 'spared' : 'left'] -= 1;
    const fault = spared ? undefined : broken?.fault;
    if (fault?.delay !== undefined) await sleep(fault.delay);
    if (fault?.status !== undefined) return end(response, fault.status, '', fault.headers);
    if (fault?.html === true) {
      return end(response, 200, '<!doctype html><title>Sign in</title>', {
        'content-type': 'text/html',
      });
    }
    if (fault?.json !== undefined) return end(response, 200, fault.json);
    if (origin === 'cdn' && authorization !== null) return end(response, 400, 'credentials');
    if (answer.redirect !== undefined) {
      return end(response, 302, '', { location: answer.redirect });
    }
    if (answer.json !== undefined) return end(response, 200, JSON.stringify(answer.json));
    if (answer.body === undefined) return end(response, 404, '{"message":"Not Found"}');
    await sendBody(request, response, answer.body, fault?.truncateAt);
  };

  const api = await listen(
    createServer((request, response) => void handle('api', request, response)),
    [],
  );
  const cdn = await listen(
    createServer((request, response) => void handle('cdn', request, response)),
    [],
  );
  const close = async () => {
    await Promise.all([api.close(), cdn.close()]);
  };
  return {
    url: api.url,
    cdnUrl: cdn.url,
    env: {
      GITHUB_API_URL: api.url,
      GITHUB_SERVER_URL: api.url,
      CODEX_RUNTIME_MIRROR_URL: `${api.url}/mirror`,
      npm_config_registry: `${api.url}/npm/`,
    },
    requests,
    asked: (route) => requests.filter((asked) => asked.route === route).map(({ path }) => path),
    add,
    fail: (fault) =>
      faults.push({
        fault,
        spared: fault.after ?? 0,
        left: fault.times ?? Number.POSITIVE_INFINITY,
      }),
    heal: () => faults.splice(0),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const KEY_ID = 'SHA256:loopback';

/** Long ago, for tests to which a release's age means nothing. */
function dateOf({ publishedAt = '2020-02-02T02:02:02Z' }: LoopbackRelease): string | null {
  return publishedAt;
}

function pattern(source: string): RegExp {
  return new RegExp(`^${source}$`, 'i');
}

function route(routes: readonly [RegExp, (...parts: string[]) => Answer][], path: string): Answer {
  for (const [shape, answer] of routes) {
    const match = shape.exec(path);
    if (match !== null) return answer(...match.slice(1).map(decodeURIComponent));
  }
  return NOWHERE;
}

function end(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
