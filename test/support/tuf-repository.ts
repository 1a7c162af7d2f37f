import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FaultServer, startServer } from './fault-server.ts';

/** A TUF repository with one target, `trusted_root.json`. */
export interface TufRepository extends AsyncDisposable {
  readonly server: FaultServer;
  /** File with its root of trust. */
  readonly rootPath: string;
  /** Changes the target after it was signed. */
  forge(target: Buffer): void;
}

const HEAD = { spec_version: '1.0.31', version: 1, expires: '2999-01-01T00:00:00Z' };

/** Signs `target` with a key of its own, and serves it. Source: the TUF specification 1.0. */
export async function startTufRepository(target: Buffer, dir: string): Promise<TufRepository> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keyid = '00'.repeat(32);
  const signed = (document: object): string => {
    const message = Buffer.from(canonicalJson(document));
    const sig = sign(null, message, privateKey).toString('hex');
    return JSON.stringify({ signed: document, signatures: [{ keyid, sig }] });
  };
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const role = { keyids: [keyid], threshold: 1 };
  const root = signed({
    ...HEAD,
    _type: 'root',
    consistent_snapshot: false,
    keys: {
      [keyid]: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw.toString('hex') } },
    },
    roles: { root: role, timestamp: role, snapshot: role, targets: role },
  });
  const hashes = { sha256: createHash('sha256').update(target).digest('hex') };
  const files = new Map<string, string | Buffer>([
    [
      '/timestamp.json',
      signed({ ...HEAD, _type: 'timestamp', meta: { 'snapshot.json': { version: 1 } } }),
    ],
    [
      '/snapshot.json',
      signed({ ...HEAD, _type: 'snapshot', meta: { 'targets.json': { version: 1 } } }),
    ],
    [
      '/targets.json',
      signed({
        ...HEAD,
        _type: 'targets',
        targets: { 'trusted_root.json': { length: target.length, hashes } },
      }),
    ],
    ['/targets/trusted_root.json', target],
  ]);
  const server = await startServer((request, response) => {
    const file = files.get(request.url ?? '');
    if (file === undefined) response.writeHead(404).end();
    else response.end(file);
  });
  const rootPath = join(dir, 'root.json');
  await writeFile(rootPath, root);
  return {
    server,
    rootPath,
    forge: (forged) => files.set('/targets/trusted_root.json', forged),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
