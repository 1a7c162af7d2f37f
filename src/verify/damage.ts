import type { Damage } from '../store/index.ts';

/** One problem of a runtime. */
export interface RuntimeDamage {
  /** The runtime's directory. */
  readonly dir: string;
  /** The file, relative to `dir`; null where it is not about one file. */
  readonly path: string | null;
  readonly kind:
    | Damage['kind']
    /** `runtime.json` cannot be understood, or describes another runtime than its directory. */
    | 'manifest'
    /** A file that the release has and this runtime was stored without. */
    | 'incomplete'
    /** A file that nobody verified. */
    | 'unexpected'
    /** The prefix's `codex` does not lead to the package's executable. */
    | 'link'
    /** Another version than was asked for, or than the executable prints. */
    | 'version'
    /** The executable is not the one that the lockfile pins. */
    | 'lock'
    | 'does-not-run'
    | 'handshake';
  readonly expected?: string;
  readonly actual?: string;
}

const WORDS: Readonly<Record<RuntimeDamage['kind'], string>> = {
  missing: 'is missing',
  'not-a-file': 'is not a plain file',
  unreadable: 'cannot be read',
  size: 'has the wrong size',
  digest: 'has other contents',
  mode: 'has the wrong mode',
  touched: 'was touched',
  manifest: 'does not describe this runtime',
  incomplete: 'is in the release, but not in this runtime',
  unexpected: 'does not belong there',
  link: 'does not lead to the executable',
  version: 'has another version',
  lock: 'is not what the lockfile pins',
  'does-not-run': 'does not run',
  handshake: 'does not answer as an app-server',
};

/** A problem as a clause: `bin/codex has other contents (expected …, got …)`. */
export function describeDamage({ dir, path, kind, expected, actual }: RuntimeDamage): string {
  const got = actual === undefined ? '' : `, got ${actual}`;
  const detail = expected === undefined ? '' : ` (expected ${expected}${got})`;
  const advice = kind === 'does-not-run' && actual !== undefined ? `. ${actual}` : detail;
  return `${path ?? dir} ${WORDS[kind]}${advice}`;
}
