/** Generated types: the text of each file by its path. */
export type ProtocolText = ReadonlyMap<string, string>;

export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface ProtocolDifference {
  /** Methods that clients call, that the server calls, and that it tells by itself. */
  readonly requests: Changes;
  readonly serverRequests: Changes;
  readonly notifications: Changes;
  readonly types: Changes & {
    /** Members that came and went, by type. */
    readonly changed: Readonly<Record<string, Changes>>;
  };
}

const UNIONS = {
  requests: 'ClientRequest',
  serverRequests: 'ServerRequest',
  notifications: 'ServerNotification',
} as const;

export function compareProtocols(from: ProtocolText, to: ProtocolText): ProtocolDifference {
  const methods = (union: string) =>
    changesOf(methodsIn(from.get(union) ?? ''), methodsIn(to.get(union) ?? ''));
  const changed: Record<string, Changes> = {};
  const unions: readonly string[] = Object.values(UNIONS);
  for (const [path, text] of from) {
    const now = to.get(path);
    if (now === undefined || unions.includes(path)) continue;
    const changes = changesOf(membersIn(text), membersIn(now));
    if (changes.added.length + changes.removed.length > 0) changed[path] = changes;
  }
  return {
    requests: methods(UNIONS.requests),
    serverRequests: methods(UNIONS.serverRequests),
    notifications: methods(UNIONS.notifications),
    types: { ...changesOf([...from.keys()], [...to.keys()]), changed },
  };
}

export function renderDifference({ types, ...methods }: ProtocolDifference): string {
  const lines: string[] = [];
  const list = (title: string, { added, removed }: Changes) => {
    if (added.length + removed.length === 0) return;
    lines.push(`${title}:`);
    lines.push(...added.map((name) => `  + ${name}`), ...removed.map((name) => `  - ${name}`));
  };
  list('Requests', methods.requests);
  list('Requests of the server', methods.serverRequests);
  list('Notifications', methods.notifications);
  list('Types', types);
  for (const [name, changes] of Object.entries(types.changed)) list(`Type ${name}`, changes);
  return lines.length === 0 ? 'Nothing differs.' : lines.join('\n');
}

function methodsIn(text: string): string[] {
  return [...text.matchAll(/"method": "([^"]+)"/g)].map(([, method = '']) => method);
}

/** The members of an object or the variants of a union, as far as a comparison needs them. */
function membersIn(text: string): string[] {
  const body = text
    .replace(/\/\*[\s\S]*?\*\/|^\/\/.*$|^import .*$/gm, '')
    .replace(/export type \w+ =/, '')
    .replace(/\s+/g, ' ');
  const members: string[] = [];
  let depth = 0;
  let member = '';
  for (const character of body) {
    if ('{[(<'.includes(character)) depth += 1;
    if ('}])>'.includes(character)) depth -= 1;
    const ends = depth <= 1 && (character === ',' || character === '|' || character === ';');
    if (!ends) member += character;
    else if (member.trim() !== '') members.push(trimmed(member));
    if (ends) member = '';
  }
  if (member.trim() !== '') members.push(trimmed(member));
  return members.filter((text) => text !== '');
}

function trimmed(member: string): string {
  const text = member.trim();
  // The braces of the whole type.
  if (text.startsWith('{') && !text.includes('}')) return text.slice(1).trim();
  return text.endsWith('}') && !text.includes('{') ? text.slice(0, -1).trim() : text;
}

function changesOf(from: readonly string[], to: readonly string[]): Changes {
  const before = new Set(from);
  const after = new Set(to);
  return {
    added: [...after].filter((name) => !before.has(name)).sort(),
    removed: [...before].filter((name) => !after.has(name)).sort(),
  };
}
