import { anySignal } from '../abort.ts';
import { isCodexRuntimeError } from '../errors.ts';
import {
  createHttp,
  type Http,
  loadProxySettings,
  proxyFor,
  unavailableReason,
} from '../fetch/http/index.ts';
import { createRegistry, packagePath } from '../fetch/npm/index.ts';
import type { Settings } from '../request/index.ts';
import { type Check, type Finding, fail, failFrom, ok, type Patient, warn } from './finding.ts';

/** For one channel's answer, all redirects and look-ups together. */
const PATIENCE_MS = 8_000;

/** Which channels answer, and what stands in the way of those that do not. */
export const checkNetwork: Check = async (patient) => {
  const { settings } = patient;
  try {
    proxyOf(settings);
  } catch (error) {
    return [failFrom('network.proxy', error)];
  }
  const http = createHttp(settings, {
    timeouts: { connect: 4_000, headers: 6_000, stall: 6_000 },
    retry: { attempts: 1 },
  });
  try {
    const probes = probesOf(settings, http);
    const findings = await Promise.all(
      Object.entries(probes).map(([channel, ask]) => probe(patient, channel, ask)),
    );
    return [verdict(settings, findings), ...findings];
  } finally {
    await http.close();
  }
};

type Ask = (signal: AbortSignal) => Promise<unknown>;

/** A small document of each channel. GitHub's rate limit is free to ask for. */
function probesOf(settings: Settings, http: Http): Readonly<Record<string, Ask>> {
  const { github, mirrorUrl, npmPackage } = settings;
  const registry = createRegistry(settings, { retry: { attempts: 1 } });
  return {
    github: (signal) => http.getText(`${github.apiUrl}/rate_limit`, { signal }),
    mirror: (signal) => http.getText(`${mirrorUrl}/channels/latest`, { signal }),
    npm: (signal) => registry.getJson(`${packagePath(npmPackage)}/latest`, { signal }),
  };
}

async function probe(patient: Patient, channel: string, ask: Ask): Promise<Finding> {
  const id = `network.${channel}`;
  const timeout = AbortSignal.timeout(PATIENCE_MS);
  const { signal } = patient;
  const started = performance.now();
  try {
    await ask(anySignal(timeout, signal));
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const reason = timeout.aborted ? 'unreachable' : unavailableReason(error);
    // It answered, if only to say no: the way is open.
    if (reason !== 'not-found' && reason !== 'unauthorized') {
      return unreachable({ id, channel, reason, error });
    }
  }
  const took = Math.round(performance.now() - started);
  return ok(id, `${channel} answers in ${took} ms.`, { channel, reachable: true, ms: took });
}

interface Unreachable {
  readonly id: string;
  readonly channel: string;
  readonly reason: string | null;
  readonly error: unknown;
}

function unreachable({ id, channel, reason, error }: Unreachable): Finding {
  if (!isCodexRuntimeError(error)) throw error;
  const fields = { ...error.fields, channel, reachable: false, reason };
  const summary =
    error.code === 'ABORTED' ? `${channel} did not answer in ${PATIENCE_MS} ms.` : error.message;
  return warn(id, {
    summary,
    advice: error.hint ?? 'Use --source to choose channels that answer.',
    fields,
  });
}

/** One channel is enough; without any, what is nearest to the user is named first. */
function verdict(settings: Settings, findings: readonly Finding[]): Finding {
  const reachable = findings.filter(({ status }) => status === 'ok');
  const names = reachable.map(({ fields }) => String(fields['channel']));
  const by = (reason: string) => findings.find(({ fields }) => fields['reason'] === reason);
  const proxy = proxyOf(settings);
  const through = proxy === null ? '' : ` through the proxy ${proxy}`;
  if (names.length > 0) {
    return ok('network', `Reachable${through}: ${names.join(', ')}.`, { reachable: names, proxy });
  }
  const blocked = by('proxy') ?? by('untrusted');
  const advice =
    by('proxy') !== undefined
      ? `Check user, password and rules of the proxy${proxy === null ? '' : ` ${proxy}`}; NO_PROXY lists hosts that are asked directly.`
      : (by('untrusted')?.advice ??
        'Check the network, or use a directory that was filled elsewhere: see codex-runtime download --help.');
  return fail('network', 'SOURCES_EXHAUSTED', {
    summary: `No channel answers${through}${blocked === undefined ? '.' : `: ${blocked.summary}`}`,
    advice,
    fields: { reachable: [], proxy },
  });
}

/** The proxy through which GitHub is asked, without user and password; null for none. */
function proxyOf({ env, github }: Settings): string | null {
  return proxyFor(new URL(github.apiUrl), loadProxySettings(env))?.host ?? null;
}
