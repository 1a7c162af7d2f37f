import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
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

/**
 * A certificate for `names` by the authority that {@link makeCertificate} made in `dir`, valid from
 * and to these dates.
 */
export function makeCertificateFor(
  dir: string,
  names: readonly string[],
  [from, to]: readonly [Date, Date],
): Certificate {
  const path = (name: string) => join(dir, name);
  const config = `[ca]
default_ca=own
[own]
database=${path('index')}
new_certs_dir=${dir}
serial=${path('serial')}
default_md=sha256
policy=any
x509_extensions=names
unique_subject=no
[any]
commonName=supplied
[names]
basicConstraints=CA:FALSE
subjectAltName=${names.map(altName).join(',')}
`;
  writeFileSync(path('ca.cnf'), config);
  writeFileSync(path('index'), '');
  writeFileSync(path('serial'), '01');
  const [key, request, cert, ca] = ['dated-key.pem', 'dated.csr', 'dated.pem', 'ca.pem'].map(path);
  const openssl = (...args: (string | undefined)[]) =>
    execFileSync('openssl', args.map(String), QUIET);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', ...curve, '-keyout', key, '-out', request, '-subj', `/CN=${names[0]}`);
  const dates = ['-startdate', openSslDate(from), '-enddate', openSslDate(to)];
  const signer = ['-cert', ca, '-keyfile', path('ca-key.pem')];
  openssl(
    'ca',
    '-batch',
    '-config',
    path('ca.cnf'),
    ...signer,
    ...dates,
    '-in',
    request,
    '-out',
    cert,
  );
  return { key: readFileSync(String(key)), cert: readFileSync(String(cert)), ca: String(ca) };
}

function openSslDate(date: Date): string {
  return `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
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
