import satisfies from 'semver/functions/satisfies.js';
import validRange from 'semver/ranges/valid.js';
import { CodexRuntimeError } from '../../errors.ts';

/**
 * Whether the server's version is the expected one: an exact version, or a range such as
 * `>=0.150.0`, in which prereleases count by their order.
 * @throws CodexRuntimeError `VERSION_MISMATCH`, `USAGE` for what is neither
 */
export function verifyVersion(actual: string, expected: string | undefined): void {
  if (expected === undefined) return;
  if (validRange(expected) === null) {
    throw new CodexRuntimeError(
      'USAGE',
      `expectedVersion "${expected}" is not a version or range.`,
      {
        hint: 'Use an exact version such as 0.171.0, or a range such as >=0.150.0.',
        fields: { expected },
      },
    );
  }
  if (satisfies(actual, expected, { includePrerelease: true })) return;
  throw new CodexRuntimeError(
    'VERSION_MISMATCH',
    `The server is Codex ${actual}, not ${expected}.`,
    {
      hint: `Install Codex ${expected} with codex-runtime, or change expectedVersion.`,
      fields: { expected, actual },
    },
  );
}
