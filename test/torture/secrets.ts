import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoopbackFault, LoopbackGitHub, LoopbackRoute } from '../support/loopback-github.ts';
import { type Figures, inParallel } from './experiment.ts';
import { COMMAND, makeSite, NEW, runProgram, type Site, startReleases } from './site.ts';

export interface SecretsOptions {
  /** How many of the faults to try; all when there are fewer. */
  readonly faults: number;
  /** Runs at the same time. */
  readonly jobs: number;
}

const CANARIES = {
  github: 'ghp_canary0000000000000000000000000000gh',
  npm: 'npm_canary0000000000000000000000000000np',
  proxy: 'canary-of-the-proxy-password',
} as const;

const FLAGS: readonly (readonly string[])[] = [
  ['--verbose'],
  ['--json', '--verbose'],
  ['--json', '--verbose', '--force', '--source=gh'],
];

type Fault = Omit<LoopbackFault, 'route'>;

/** All that a server can do wrong, by name. `elsewhere` is another origin. */
const FAULTS: Readonly<Record<string, (elsewhere: string) => Fault>> = {
  none: () => ({ times: 0 }),
  unauthorized: () => ({ status: 401 }),
  forbidden: () => ({ status: 403 }),
  missing: () => ({ status: 404 }),
  limited: () => ({ status: 429, headers: { 'retry-after': '0' } }),
  broken: () => ({ status: 500 }),
  truncated: () => ({ truncateAt: 100 }),
  html: () => ({ html: true }),
  nonsense: () => ({ json: '{"tag_name": 1}' }),
  loop: () => ({ status: 302, headers: { location: '/loop' } }),
  elsewhere: (url) => ({ status: 302, headers: { location: `${url}/elsewhere` } }),
};
const ROUTES: readonly LoopbackRoute[] = [
  'release',
  'asset',
  'cdn',
  'mirror-release',
  'npm-document',
  'npm-tarball',
];
/** Who may see which credentials. */
const GITHUB_ROUTES: readonly string[] = ['release', 'latest', 'list', 'asset'];

/**
 * Puts canaries where credentials are, and runs installations through every fault of the servers:
 * no canary appears in what is printed, in a file, in a child's arguments, or in a request to
 * anybody but its own server.
 */
export async function watchSecrets(options: SecretsOptions): Promise<Figures> {
  const failures: string[] = [];
  const trials = Object.keys(FAULTS).flatMap((fault) =>
    (fault === 'none' ? ROUTES.slice(0, 1) : ROUTES).map((route) => ({ fault, route })),
  );
  const step = Math.max(1, trials.length / options.faults);
  const chosen = trials.filter(
    (_, index) => Math.floor(index / step) > Math.floor((index - 1) / step),
  );
  const figures = { runs: 0, succeeded: 0, requests: 0, withCredentials: 0, children: 0 };
  await inParallel(options.jobs, chosen, async ({ fault, route }) => {
    await using github = await startReleases();
    await using site = await canarySite(github);
    github.fail({ route, ...FAULTS[fault]?.(github.cdnUrl) });
    // What comes first fails too, so that the route is reached.
    if (route.startsWith('npm')) github.fail({ route: 'mirror-release', status: 404 });
    if (!GITHUB_ROUTES.includes(route) && route !== 'cdn')
      github.fail({ route: 'release', status: 404 });
    for (const flags of FLAGS) {
      const { status, output, argv } = await runWatched(site, flags);
      figures.runs += 1;
      figures.succeeded += status === 0 ? 1 : 0;
      figures.children += argv.length;
      const where = `${fault} at ${route} ${flags.join(' ')}`;
      if (leaks(output)) failures.push(`${where}: printed: ${output}`);
      for (const line of argv) if (leaks(line)) failures.push(`${where}: started ${line}`);
      if (status === 1) failures.push(`${where}: an unexpected error: ${output}`);
    }
    for (const path of await leakyFiles([site.home, site.prefix]))
      failures.push(`${fault} at ${route}: ${path}`);
    for (const { route: asked, path, authorization } of github.requests) {
      figures.requests += 1;
      if (authorization === null) continue;
      figures.withCredentials += 1;
      const token = asked.startsWith('npm') ? CANARIES.npm : CANARIES.github;
      // A redirect within GitHub's own origin keeps its credentials.
      const may = asked.startsWith('npm') || GITHUB_ROUTES.includes(asked) || path === '/loop';
      if (!may || !authorization.includes(token))
        failures.push(`${fault}: credentials for ${path}`);
    }
  });
  failures.push(...(await proxyPassword()));
  return { figures, failures };
}

/** A site whose surroundings are full of credentials, with a gh that tells its own. */
async function canarySite(github: LoopbackGitHub): Promise<Site> {
  const site = await makeSite(github);
  const bin = join(site.root, 'bin');
  await mkdir(bin);
  await copyFile(
    fileURLToPath(new URL('./fixtures/talkative-gh.sh', import.meta.url)),
    join(bin, 'gh'),
  );
  await chmod(join(bin, 'gh'), 0o755);
  const { host } = new URL(github.url);
  await writeFile(join(site.root, '.npmrc'), `//${host}/npm/:_authToken=${CANARIES.npm}\n`);
  const env = {
    ...site.env,
    PATH: `${bin}:${site.env['PATH']}`,
    GH_TOKEN: CANARIES.github,
    GITHUB_TOKEN: CANARIES.github,
  };
  return { ...site, env };
}

async function runWatched(site: Site, flags: readonly string[]) {
  const trace = join(site.root, 'execve');
  const words = [process.execPath, COMMAND, 'install', NEW, '--prefix', site.prefix, ...flags];
  const watch = '-f --seccomp-bpf -qq -s 4096 -e trace=execve -e signal=none -o'.split(' ');
  const ended = await runProgram('strace', [...watch, trace, ...words], site.env);
  const argv = (await readFile(trace, 'utf8')).trimEnd().split('\n');
  return { status: ended.status, output: ended.stdout + ended.stderr, argv };
}

/** A proxy that cannot be reached, with a password in its address. */
async function proxyPassword(): Promise<readonly string[]> {
  await using github = await startReleases();
  await using site = await makeSite(github);
  const proxy = `http://somebody:${CANARIES.proxy}@127.0.0.1:9`;
  const env = { ...site.env, HTTP_PROXY: proxy, HTTPS_PROXY: proxy, npm_config_proxy: proxy };
  const { status, output } = await runWatched({ ...site, env }, ['--verbose']);
  const failures = status === 0 ? ['the proxy was not used'] : [];
  return leaks(output) ? [...failures, `the proxy's password was printed: ${output}`] : failures;
}

function leaks(text: string): boolean {
  return Object.values(CANARIES).some(
    (canary) => text.includes(canary) || text.includes(Buffer.from(canary).toString('base64')),
  );
}

async function leakyFiles(roots: readonly string[]): Promise<readonly string[]> {
  const leaky: string[] = [];
  for (const root of roots) {
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      if (leaks(path) || leaks(await readFile(path, 'latin1'))) leaky.push(path);
    }
  }
  return leaky;
}
