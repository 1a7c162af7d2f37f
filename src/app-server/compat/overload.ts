/** What a `codexErrorInfo` means for whoever made the call. */
export type Overload =
  /** The same call may succeed a little later. */
  | 'busy'
  /** It was tried again and again already, by the server. */
  | 'exhausted'
  /** Trying again does not help. */
  | 'no';

/**
 * Every value of the pinned protocol. One meaning has several names: what 0.115 and 0.150 call
 * `serverOverloaded` is `rateLimitExceeded` from 0.169 on.
 */
export const MEANINGS: Readonly<Record<string, Overload | 'byStatus'>> = {
  serverOverloaded: 'busy',
  rateLimitExceeded: 'busy',
  flexUnavailable: 'busy',
  policyCapacityUnavailable: 'busy',
  responseTooManyFailedAttempts: 'exhausted',
  httpConnectionFailed: 'byStatus',
  responseStreamConnectionFailed: 'byStatus',
  responseStreamDisconnected: 'byStatus',
  contextWindowExceeded: 'no',
  sessionBudgetExceeded: 'no',
  usageLimitExceeded: 'no',
  modelNotFound: 'no',
  inferenceHookDenied: 'no',
  cyberPolicy: 'no',
  bioPolicy: 'no',
  misalignmentPolicyViolation: 'no',
  tooManyDenials: 'no',
  internalServerError: 'no',
  unauthorized: 'no',
  badRequest: 'no',
  threadRollbackFailed: 'no',
  sandboxError: 'no',
  activeTurnNotSteerable: 'no',
  other: 'no',
};

/** HTTP statuses that ask the caller to come back later. */
const LATER = new Set([429, 503, 529]);
/** How names that no version has yet would say it. */
const BUSY_NAME = /overload|ratelimit|capacity|unavailable|slowdown|busy|toomanyrequests/i;
const EXHAUSTED_NAME = /toomanyfailedattempts|retrylimit/i;

/** The meaning of a `codexErrorInfo`, in either spelling: bare, or with details under its name. */
export function overloadOf(info: unknown): Overload {
  if (typeof info === 'string') return meaning(info, undefined);
  if (typeof info !== 'object' || info === null) return 'no';
  const [name] = Object.keys(info);
  if (name === undefined) return 'no';
  const details = (info as Record<string, unknown>)[name];
  return meaning(name, (details as { httpStatusCode?: unknown } | null)?.httpStatusCode);
}

/** As {@link overloadOf}, for the `data` of an error answer: the name itself, or in a member. */
export function overloadIn(data: unknown): Overload {
  if (typeof data !== 'object' || data === null) return overloadOf(data);
  const { codexErrorInfo, codex_error_info } = data as Record<string, unknown>;
  const info = codexErrorInfo ?? codex_error_info;
  if (info !== undefined && info !== null) return overloadOf(info);
  const names = Object.entries(data).flat().filter(isName);
  return names.map(overloadOf).find((overload) => overload !== 'no') ?? 'no';
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]+$/.test(value);
}

function meaning(name: string, status: unknown): Overload {
  const plain = name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const known = Object.hasOwn(MEANINGS, plain) ? MEANINGS[plain] : undefined;
  if (known !== undefined && known !== 'byStatus') return known;
  if (typeof status === 'number' && LATER.has(status)) return 'busy';
  if (known === 'byStatus') return 'no';
  const bare = plain.replaceAll(/[-\s]/g, '');
  if (EXHAUSTED_NAME.test(bare)) return 'exhausted';
  return BUSY_NAME.test(bare) ? 'busy' : 'no';
}
