/**
 * Whether a JSON value is a plain file name: no separator, no control character, no dot or dash in
 * front. Names of assets become part of URLs, paths and command lines.
 */
export function isAssetName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,254}$/.test(value);
}
