/**
 * npm's form of a SHA-512 (SRI): `sha512-<base64>`.
 * @param hex lower-case hexadecimal
 */
export function toIntegrity(hex: string): string {
  return `sha512-${Buffer.from(hex, 'hex').toString('base64')}`;
}

/** The SHA-512 that {@link toIntegrity} was given. */
export function fromIntegrity(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
}
