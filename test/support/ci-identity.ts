import { generateKeyPairSync } from 'node:crypto';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  fulcioHandler,
  type HandlerFn,
  initializeCA,
  initializeTLog,
  rekorHandler,
} from '@sigstore/mock';
import { makeCertificate } from './certificate.ts';
import { listen } from './fault-server.ts';
import { tempDir } from './temp-dir.ts';

/** A job of GitHub Actions with an identity, as far as the programs that it starts can tell. */
export interface CiIdentity extends AsyncDisposable {
  /** The variables of the job, with `id-token: write`. */
  readonly env: Readonly<Record<string, string>>;
  /** For whom the job asked an identity, in order. */
  readonly audiences: readonly (string | null)[];
  /** The hosts outside that were reached for, as `host:port`. */
  readonly reached: readonly string[];
}

export const REPOSITORY = 'example/codex';
const REQUEST_TOKEN = 'the-runner-gives-this-to-the-job';
const SIGSTORE = ['fulcio.sigstore.dev', 'rekor.sigstore.dev'];

/**
 * Starts what stands around a job: the endpoint that hands out identities, and, behind a proxy that
 * leads every host to this machine, a certificate authority and a transparency log of Sigstore.
 */
export async function startCiIdentity(): Promise<CiIdentity> {
  const audiences: (string | null)[] = [];
  const reached: string[] = [];
  const runner = createHttpServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://runner');
    if (request.headers.authorization !== `Bearer ${REQUEST_TOKEN}`) {
      response.writeHead(401).end();
      return;
    }
    const audience = url.searchParams.get('audience');
    audiences.push(audience);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ value: identityToken(audience) }));
  });
  const certificate = makeCertificate(await tempDir(), SIGSTORE);
  const sigstore = createTlsServer(certificate, await sigstoreAnswers());
  const proxy = createHttpServer();
  proxy.on('connect', (request, socket: net.Socket) => {
    reached.push(String(request.url));
    socket.on('error', () => socket.destroy());
    const { port } = sigstore.address() as AddressInfo;
    const onward = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
  });
  const servers = [await listen(runner, []), await listen(sigstore, []), await listen(proxy, [])];
  const [identities, , way] = servers;
  return {
    env: {
      ...JOB,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${identities?.url}/identity?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
      HTTPS_PROXY: String(way?.url),
      NO_PROXY: '127.0.0.1',
      NODE_EXTRA_CA_CERTS: certificate.ca,
    },
    audiences,
    reached,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** What a token claims; nothing of what is no token. */
export function claimsOf(token: string): Record<string, unknown> {
  const [, payload] = token.split('.');
  return payload === undefined ? {} : JSON.parse(Buffer.from(payload, 'base64url').toString());
}

const JOB = {
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: REPOSITORY,
  GITHUB_REPOSITORY_ID: '1',
  GITHUB_REPOSITORY_OWNER_ID: '2',
  GITHUB_EVENT_NAME: 'workflow_dispatch',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_SHA: 'c0ffee'.padEnd(40, '0'),
  GITHUB_WORKFLOW_REF: `${REPOSITORY}/.github/workflows/release-codex.yml@refs/heads/main`,
  GITHUB_RUN_ID: '3',
  GITHUB_RUN_ATTEMPT: '1',
  RUNNER_ENVIRONMENT: 'github-hosted',
};

function identityToken(audience: string | null): string {
  const claims = {
    iss: 'https://token.actions.githubusercontent.com',
    sub: `repo:${REPOSITORY}:environment:npm`,
    aud: audience,
    repository: REPOSITORY,
    repository_visibility: 'private',
  };
  const parts = [{ alg: 'none' }, claims].map((each) => JSON.stringify(each));
  return [...parts, 'unsigned'].map((each) => Buffer.from(each).toString('base64url')).join('.');
}

async function sigstoreAnswers() {
  const keys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const log = await initializeTLog('https://rekor.sigstore.dev', keys());
  const handlers = [fulcioHandler(await initializeCA(keys())), rekorHandler(log)];
  const answers = new Map<string | undefined, HandlerFn>(
    handlers.map(({ path, fn }) => [path, fn]),
  );
  return async (request: IncomingMessage, response: ServerResponse) => {
    const answer = answers.get(request.url);
    if (answer === undefined) return response.writeHead(404).end();
    const { statusCode, response: body, contentType } = await answer(await text(request));
    return response
      .writeHead(statusCode, { 'content-type': contentType ?? 'text/plain' })
      .end(body);
  };
}
