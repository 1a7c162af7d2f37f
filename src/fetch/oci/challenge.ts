/** What a registry asks for before it answers. */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Reads `WWW-Authenticate`: `Bearer` where it is offered, else `Basic`; undefined for neither. Values
 * may hold quotes behind backslashes.
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const offered = [...(header ?? '').matchAll(SCHEME)].map((found) => ({
    scheme: (found[1] ?? '').toLowerCase(),
    parameters: parametersOf(found[2] ?? ''),
  }));
  for (const scheme of ['bearer', 'basic'] as const) {
    const found = offered.find((each) => each.scheme === scheme);
    if (found !== undefined) return { scheme, parameters: found.parameters };
  }
  return undefined;
}

const PARAMETER = String.raw`[A-Za-z0-9_-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",]+)`;
const SCHEME = new RegExp(
  String.raw`(?:^|,\s*)([A-Za-z]+)(?:\s+(${PARAMETER}(?:\s*,\s*${PARAMETER})*))?(?=\s*(?:,|$))`,
  'g',
);

function parametersOf(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/g);
  return Object.fromEntries(
    [...found].map(([, name = '', quoted, bare]) => [
      name.toLowerCase(),
      quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'),
    ]),
  );
}
