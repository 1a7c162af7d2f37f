type Fields = Readonly<Record<string, unknown>>;

/**
 * Whether a notification has what this client reads of it. Methods that it only passes on, and
 * members that it does not look at, may be anything.
 */
export function hasKnownShape(method: string, params: unknown): boolean {
  const check = CHECKS.get(method);
  return check === undefined || (isObject(params) && check(params));
}

const CHECKS: ReadonlyMap<string, (params: Fields) => boolean> = new Map([
  ['thread/started', ({ thread }) => isObject(thread)],
  ['thread/closed', ({ threadId }) => isText(threadId)],
  ['thread/status/changed', ({ status }) => isObject(status)],
  [
    'thread/tokenUsage/updated',
    ({ tokenUsage }) => isObject(tokenUsage) && isObject(tokenUsage['last']),
  ],
  ['turn/started', ({ turn }) => isTurn(turn)],
  ['turn/completed', ({ turn }) => isTurn(turn) && typeof turn['status'] === 'string'],
  ['turn/plan/updated', ({ plan }) => isListOf(plan, isObject)],
  ['item/started', ({ item }) => isItem(item)],
  ['item/completed', ({ item }) => isItem(item)],
  ['item/agentMessage/delta', ({ delta }) => typeof delta === 'string'],
  ['error', ({ error }) => isObject(error)],
]);

const ITEMS: ReadonlyMap<unknown, (item: Fields) => boolean> = new Map([
  ['agentMessage', ({ text }) => typeof text === 'string'],
  ['reasoning', ({ summary }) => isListOf(summary, isText)],
  ['commandExecution', ({ command }) => typeof command === 'string'],
  ['fileChange', ({ changes }) => isListOf(changes, isChange)],
  ['collabAgentToolCall', ({ receiverThreadIds }) => isListOf(receiverThreadIds, isText)],
  ['mcpToolCall', ({ result, error }) => isOptional(result) && isOptional(error)],
]);

function isItem(item: unknown): boolean {
  if (!isObject(item) || !isText(item['id']) || !isText(item['type'])) return false;
  return ITEMS.get(item['type'])?.(item) ?? true;
}

function isTurn(turn: unknown): turn is Fields {
  if (!isObject(turn) || !isText(turn['id'])) return false;
  return isOptional(turn['error']);
}

function isChange(change: unknown): boolean {
  return isObject(change) && isObject(change['kind']);
}

function isOptional(value: unknown): boolean {
  return value === undefined || value === null || isObject(value);
}

function isListOf(value: unknown, check: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(check);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
