import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { listen } from './fault-server.ts';
import type { LoopbackGitHub } from './loopback-github.ts';

/** A loopback GitHub as a GitHub Enterprise Server: TLS, `/api/v3`, and GraphQL. */
export interface LoopbackEnterprise extends AsyncDisposable {
  /** `localhost:<port>` */
  readonly host: string;
  /** Variables that lead gh and `codex-runtime` here and make them trust it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Serves `github` under a certificate of its own, made by openssl in `dir`. */
export async function startLoopbackEnterprise(
  github: LoopbackGitHub,
  dir: string,
): Promise<LoopbackEnterprise> {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '1', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    async (request, response) => {
      const path = request.url ?? '/';
      if (path.startsWith('/api/graphql')) {
        request.resume();
        response.end('{"data":{"repository":{"release":null}}}');
        return;
      }
      const { authorization } = request.headers;
      const answer = await fetch(`${github.url}${path.replace(/^\/api\/v3/, '')}`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      const body = Buffer.from(await answer.arrayBuffer());
      const json = answer.headers.get('content-type') === 'application/json';
      // Its documents name its own URLs.
      const text = json
        ? body.toString().replaceAll(`${github.url}/repos`, `${api()}/repos`)
        : body;
      response.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type') ?? '',
      });
      response.end(text);
    },
  );
  const { port, close } = await listen(server, [], 'https');
  const host = `localhost:${port}`;
  function api(): string {
    return `https://localhost:${port}/api/v3`;
  }
  return {
    host,
    env: {
      GH_HOST: host,
      GH_ENTERPRISE_TOKEN: 'enterprise-token',
      SSL_CERT_FILE: cert,
      NODE_EXTRA_CA_CERTS: cert,
    },
    [Symbol.asyncDispose]: close,
  };
}
