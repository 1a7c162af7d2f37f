/** Far above any real list; more is not a checksum file. */
const MAX_LINES = 10_000;

/**
 * Reads `sha256sum` output: `<64 hex>  <name>` or, for binary mode, `<64 hex> *<name>`.
 * Lines of another form are skipped; a name that comes twice with different digests vouches for
 * nothing and is left out.
 * @returns base name → lower-case hexadecimal SHA-256
 */
export function parseChecksums(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  const disputed = new Set<string>();
  for (const line of text.split('\n', MAX_LINES)) {
    const [, hex, name] = /^([0-9a-f]{64}) [ *](?:\.\/)?([^/\\\s]+)\s*$/i.exec(line) ?? [];
    if (hex === undefined || name === undefined) continue;
    const known = sums.get(name);
    if (known !== undefined && known !== hex.toLowerCase()) disputed.add(name);
    sums.set(name, hex.toLowerCase());
  }
  for (const name of disputed) sums.delete(name);
  return sums;
}
