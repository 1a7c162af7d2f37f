import gte from 'semver/functions/gte.js';

/** From here on tools may lie in namespaces, and say of themselves what they are. */
const TOOL_NAMESPACES = '0.142.0';

export function supportsToolNamespaces(serverVersion: string): boolean {
  return gte(serverVersion, TOOL_NAMESPACES);
}
