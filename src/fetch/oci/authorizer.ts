import { asJsonObject } from '../../json.ts';
import {
  displayUrl,
  type Http,
  type HttpRequest,
  type HttpResponse,
  parseJson,
  RETRY_POLICY,
  readText,
  unavailable,
  withRetries,
} from '../http/index.ts';
import { type Challenge, parseChallenge } from './challenge.ts';
import { type Login, loadLogin } from './credentials.ts';
import type { Reference } from './reference.ts';
import type { OciRegistryOptions } from './registry.ts';

/** Where somebody's login may be exchanged for a token, and for what. */
interface TokenRequest {
  readonly realm: string;
  readonly service: string;
  readonly scope: string;
}

/**
 * Asks a registry with what it wants to see: nothing at first, then a login or a token for this
 * repository. Both go to the registry's own origin alone, wherever it redirects to; the login also goes
 * to the server that the registry itself names for its tokens.
 * @returns one attempt at a URL
 */
export function createAuthorizer(
  reference: Reference,
  { settings, http, actions = 'pull', onProgress }: OciRegistryOptions,
): (url: string, request?: HttpRequest) => Promise<HttpResponse> {
  let authorization: Promise<{ readonly value: string; readonly name: string }> | undefined;
  let login: Promise<Login | null> | undefined;
  const { origin, host } = reference;

  const ask = async (url: string, request: HttpRequest): Promise<HttpResponse> => {
    const known = await authorization;
    const credentials = known && {
      origin,
      authorization: known.value,
      name: known.name,
      forPublic: false,
    };
    const takes = [...(request.takes ?? []), 401];
    return await http.open(url, { ...request, takes, credentials });
  };

  const authorize = async (challenge: Challenge, signal: AbortSignal | undefined) => {
    login ??= loadLogin(settings.env, reference);
    const own = await login;
    if (challenge.scheme === 'basic') {
      if (own === null || own.username === '') throw withoutLogin(reference);
      return { value: basic(own), name: own.name };
    }
    const { realm = '', service = '', scope } = challenge.parameters;
    const wanted = scope ?? `repository:${reference.repository}:${actions}`;
    const asking = { realm: realmOf(realm, reference), service, scope: wanted };
    const work = async () =>
      tokenIn(await askForToken(http, asking, { login: own, signal }), reference, signal);
    const token = await withRetries(work, { policy: RETRY_POLICY, onProgress, signal });
    return { value: `Bearer ${token}`, name: own?.name ?? `the token of ${host}` };
  };

  return async (url, request = {}) => {
    const { signal } = request;
    const used = authorization;
    const answer = await ask(url, request);
    if (answer.status !== 401 || answer.url.origin !== origin) return refuse401(answer, reference);
    answer.body.destroy();
    const challenge = parseChallenge(answer.headers['www-authenticate']);
    if (challenge === undefined) return refuse401(answer, reference);
    // Another request may have got a new token meanwhile.
    if (authorization === used) {
      authorization = authorize(challenge, signal);
      authorization.catch(() => {
        authorization = undefined;
      });
    }
    return refuse401(await ask(url, request), reference);
  };
}

function basic({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function refuse401(answer: HttpResponse, reference: Reference): HttpResponse {
  if (answer.status !== 401) return answer;
  answer.body.destroy();
  throw withoutLogin(reference, answer.url);
}

function withoutLogin({ host, origin, repository }: Reference, url = new URL(origin)) {
  return unavailable(`${host} denies access to ${repository} (401).`, {
    reason: 'unauthorized',
    url,
    status: 401,
    hint: `Log in with "docker login ${host}" or "skopeo login ${host}", or name a file of logins with REGISTRY_AUTH_FILE.`,
  });
}

/** A token server is another origin by design; where it is, is the registry's word. */
function realmOf(realm: string, { host, origin }: Reference): string {
  if (URL.canParse(realm)) return realm;
  throw unavailable(`${host} names no server for its tokens.`, {
    reason: 'refused',
    url: new URL(origin),
  });
}

interface Asker {
  readonly login: Login | null;
  readonly signal: AbortSignal | undefined;
}

async function askForToken(
  http: Http,
  { realm, service, scope }: TokenRequest,
  { login, signal }: Asker,
): Promise<HttpResponse> {
  const url = new URL(realm);
  const refused = { takes: [401], signal };
  return login?.identityToken === null || login === null
    ? await http.open(withQuery(url, { service, scope, login }), {
        ...refused,
        credentials: login === null ? undefined : credentialsFor(url, login),
      })
    : await http.open(realm, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        content: formOf({
          grant_type: 'refresh_token',
          client_id: 'codex-runtime',
          refresh_token: login.identityToken ?? '',
          service,
          scope,
        }),
        ...refused,
      });
}

async function tokenIn(
  answer: HttpResponse,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { url } = refuse401(answer, reference);
  const document = asJsonObject(parseJson(answer.url, await readText(answer, signal)));
  const token = document['token'] ?? document['access_token'];
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  throw unavailable(`${displayUrl(url)} gave no token.`, { reason: 'not-an-asset', url });
}

function credentialsFor({ origin }: URL, login: Login) {
  return { origin, authorization: basic(login), name: login.name, forPublic: false };
}

function withQuery(
  realm: URL,
  { service, scope, login }: Omit<TokenRequest, 'realm'> & { readonly login: Login | null },
): string {
  const url = new URL(realm);
  if (service !== '') url.searchParams.set('service', service);
  for (const each of scope.split(' ').filter(Boolean)) url.searchParams.append('scope', each);
  if (login !== null) url.searchParams.set('account', login.username);
  return url.href;
}

function formOf(fields: Readonly<Record<string, string>>) {
  const bytes = Buffer.from(new URLSearchParams(fields).toString(), 'utf8');
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}
