import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { claimsOf } from './ci-identity.ts';
import { type FaultServer, listen } from './fault-server.ts';

/** What npm asked of the registry to publish one package. */
interface TrustedPublish {
  readonly name: string;
  readonly tag: string | undefined;
  /** The Sigstore bundle that came along; null without provenance. */
  readonly bundle: ProvenanceBundle | null;
}

interface ProvenanceBundle {
  readonly dsseEnvelope: { readonly payload: string };
}

export interface TrustingRegistry extends FaultServer {
  readonly publishes: readonly TrustedPublish[];
  /** Packages for which an identity was exchanged, in order. */
  readonly exchanges: readonly string[];
  /** What is answered to a publish instead of carrying it out. */
  refusal: { readonly status: number; readonly error: string } | null;
}

/**
 * Stands in front of a registry and trusts a workflow as npm's own does: it exchanges an identity that
 * was made out to it for a token that publishes one package and does nothing else
 * (https://docs.npmjs.com/trusted-publishers). It keeps provenance to itself: verdaccio takes one
 * attachment.
 */
export async function startTrustingRegistry(
  upstream: string,
  trusted: { readonly repository: string },
): Promise<TrustingRegistry> {
  const publishes: TrustedPublish[] = [];
  const exchanges: string[] = [];
  const requests: FaultServer['requests'][number][] = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    requests.push({ method, url, headers });
    answer(request, response).catch((error: unknown) => send(response, 502, String(error)));
  });
  const registry: TrustingRegistry = Object.assign(await listen(server, requests), {
    publishes,
    exchanges,
    refusal: null,
  });

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method, url = '/', headers } = request;
    const bearer = headers.authorization?.replace(/^Bearer /, '');
    const body = await buffer(request);
    const exchanged = /^\/-\/npm\/v1\/oidc\/token\/exchange\/package\/(.+)$/.exec(url)?.[1];
    if (method === 'POST' && exchanged !== undefined) {
      const { aud, repository } = claimsOf(bearer ?? '');
      if (aud !== 'npm:127.0.0.1' || repository !== trusted.repository) {
        return send(response, 401, { message: 'no trusted publisher fits this identity' });
      }
      exchanges.push(exchanged);
      return send(response, 201, { token: tokenFor(exchanged) });
    }
    if (url.endsWith('/visibility')) return send(response, 200, { public: true });
    if (method === 'GET') return forward(upstream, request, undefined, response);
    // A token of an exchange moves no tag: npm answers so to `npm dist-tag`.
    if (method !== 'PUT' || url.startsWith('/-/') || bearer !== tokenFor(url.slice(1))) {
      return send(response, 403, { error: 'this token may publish one package' });
    }
    if (registry.refusal !== null) {
      return send(response, registry.refusal.status, { error: registry.refusal.error });
    }
    const document = JSON.parse(body.toString());
    const attachments = document._attachments as Record<string, { data: string }>;
    const name = Object.keys(attachments).find((each) => each.endsWith('.sigstore'));
    const bundle = name === undefined ? null : JSON.parse(attachments[name]?.data ?? '');
    if (name !== undefined) delete attachments[name];
    publishes.push({ name: document.name, tag: Object.keys(document['dist-tags'])[0], bundle });
    return forward(upstream, request, JSON.stringify(document), response);
  };
  return registry;
}

function tokenFor(name: string): string {
  return `publishes-only-${name}`;
}

async function forward(
  upstream: string,
  { method = 'GET', url = '/', headers }: IncomingMessage,
  body: string | undefined,
  response: ServerResponse,
): Promise<void> {
  const answer = await fetch(new URL(url, upstream), {
    method,
    headers: {
      accept: headers.accept ?? '*/*',
      authorization: 'Bearer a-secret-token',
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body }),
  });
  response.writeHead(answer.status, {
    'content-type': answer.headers.get('content-type') ?? 'application/json',
  });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

function send(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
}
