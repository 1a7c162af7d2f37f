import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { type FaultServer, listen } from './fault-server.ts';

/** A TLS server's key and certificate, and the authority that signed it. */
export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** Path of the authority's certificate. */
  readonly ca: string;
}

/** Makes an authority of its own and a certificate for `names`, by openssl, in `dir`. */
export function makeCertificate(dir: string, names: readonly string[]): Certificate {
  const [caKey, ca] = [join(dir, 'ca-key.pem'), join(dir, 'ca.pem')];
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const made = (args: string[]) => execFileSync('openssl', ['req', '-x509', ...args], QUIET);
  made([...curve, '-keyout', caKey, '-out', ca, '-days', '1', '-subj', '/CN=loopback authority']);
  made([
    ...curve,
    ...['-keyout', key, '-out', cert, '-days', '1', '-subj', `/CN=${names[0]}`],
    ...['-CA', ca, '-CAkey', caKey, '-addext', 'basicConstraints=CA:FALSE'],
    ...['-addext', `subjectAltName=${names.map(altName).join(',')}`],
  ]);
  return { key: readFileSync(key), cert: readFileSync(cert), ca };
}

const QUIET = { stdio: 'ignore' } as const;

function altName(name: string): string {
  return /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
}

/** As `startServer`, over TLS; its `url` names 127.0.0.1. */
export async function startTlsServer(
  { key, cert }: Certificate,
  answer: RequestListener,
): Promise<FaultServer> {
  const requests: FaultServer['requests'][number][] = [];
  const server = createServer({ key, cert }, (request, response) => {
    requests.push({ method: request.method, url: request.url, headers: request.headers });
    answer(request, response);
  });
  return listen(server, requests, 'https');
}
