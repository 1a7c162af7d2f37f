import type { Command } from 'commander';
import type { VariantChoice } from '../asset.ts';
import type { CommonFlags } from './context.ts';
import { nonEmpty } from './option-values.ts';

/**
 * One option of a command, as data: commander's program and the reader of plain command lines are
 * made of the same list.
 */
export interface Flag {
  /** As commander reads it: `-q, --quiet`, `--prefix <dir>` */
  readonly flags: string;
  readonly description: string;
  /** Reads the value; throws what {@link nonEmpty} throws. */
  readonly parse?: (value: string) => string;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** Flags of the commands that a lockfile may decide for. */
export interface LockfileFlags extends CommonFlags {
  readonly lockfile?: string;
}

/** Flags of the commands that ask the channels. */
export interface SourceFlags extends LockfileFlags {
  readonly source?: string;
  readonly repo?: string;
  readonly minReleaseAge?: string;
}

/** Flags of the commands that may require a signature. */
export interface SignatureFlags {
  readonly verifySignature?: true;
  readonly trustedRoot?: string;
}

/** Flags of the commands that look for a runtime. */
export interface RuntimeFlags extends SourceFlags, SignatureFlags {
  readonly target?: string;
  readonly variant?: VariantChoice;
  readonly frozen?: true;
  readonly offline?: true;
  readonly force?: true;
}

/** Flags of the commands that look into a prefix. */
export interface PrefixFlags {
  readonly prefix?: string;
  readonly global?: true;
  readonly name?: string;
}

/** Flags of the commands that make packages. */
export interface TemplateFlags {
  readonly name?: string;
  readonly templates?: string;
  readonly repository?: string;
}

const STREAM_FLAGS: readonly Flag[] = [
  { flags: '-q, --quiet', description: 'print nothing but the result and errors' },
  { flags: '--verbose', description: 'say what happens, with stack traces on failure' },
  {
    flags: '--home <dir>',
    description: 'where runtimes are stored (default: CODEX_RUNTIME_HOME)',
    parse: nonEmpty,
  },
];

/** What every command with a result understands. */
export const COMMON_FLAGS: readonly Flag[] = [
  { flags: '--json', description: 'print one JSON document on stdout, errors too' },
  ...STREAM_FLAGS,
];

const VARIANT_FLAG: Flag = {
  flags: '--variant <variant>',
  description: 'complete package or bare binary',
  choices: ['auto', 'package', 'binary'],
  default: 'auto',
};

const LOCKFILE_FLAG: Flag = {
  flags: '--lockfile <path>',
  description: 'this lockfile, or the one in this directory (default: the nearest upward)',
  parse: nonEmpty,
};

const SOURCE_FLAGS: readonly Flag[] = [
  LOCKFILE_FLAG,
  {
    flags: '--source <list>',
    description:
      'channels in order: github, mirror, npm, oci:HOST/REPOSITORY, dir:PATH; or api, browser, gh (default: github,mirror,npm; of another --repo github)',
    parse: nonEmpty,
  },
  {
    flags: '--repo <owner/name>',
    description:
      "a fork or private mirror on GitHub (default: the lockfile's where it counts, else openai/codex)",
    parse: nonEmpty,
  },
  {
    flags: '--min-release-age <age>',
    description:
      "how old a release has to be unless its exact version is named: 3d, 36h; a number is days (default: npm's min-release-age)",
    parse: nonEmpty,
  },
];

export const RUNTIME_FLAGS: readonly Flag[] = [
  {
    flags: '--target <target>',
    description: 'triple, npm tag or os/cpu (default: this machine)',
    parse: nonEmpty,
  },
  VARIANT_FLAG,
  ...SOURCE_FLAGS,
  { flags: '--frozen', description: 'refuse what codex-runtime.lock.json does not pin' },
  { flags: '--offline', description: 'use only what the store has' },
];

export const SIGNATURE_FLAGS: readonly Flag[] = [
  { flags: '--verify-signature', description: "require the release's Sigstore signature (Linux)" },
  {
    flags: '--trusted-root <file>',
    description:
      'whom to trust with signatures; tuf: update the public root (default: the one built in)',
    parse: nonEmpty,
  },
];

export const PREFIX_FLAGS: readonly Flag[] = [
  {
    flags: '--prefix <dir>',
    description: 'the prefix (default: the nearest project upward)',
    parse: nonEmpty,
  },
  {
    flags: '-g, --global',
    description: "npm's global layout, in npm's global prefix unless --prefix names one",
  },
  {
    flags: '--name <name>',
    description: 'name of the package (default: codex-cli-bin)',
    parse: nonEmpty,
  },
];

const TEMPLATE_FLAGS: readonly Flag[] = [
  {
    flags: '--name <name>',
    description: 'npm name of the package (default: codex-cli-bin)',
    parse: nonEmpty,
  },
  {
    flags: '--templates <dir>',
    description: 'templates in place of the bundled ones',
    parse: nonEmpty,
  },
  {
    flags: '--repository <url>',
    description: 'where the packages are made, for their metadata; or owner/name',
    parse: nonEmpty,
  },
];

/** Gives a command of commander's its options. */
export function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const flag of flags) {
    const option = command.createOption(flag.flags, flag.description);
    if (flag.parse !== undefined) option.argParser(flag.parse);
    if (flag.choices !== undefined) option.choices(flag.choices);
    command.addOption(flag.default === undefined ? option : option.default(flag.default));
  }
  return command;
}

export function addTemplateFlags(command: Command): Command {
  return addFlags(command, TEMPLATE_FLAGS);
}

export function addCommonFlags(command: Command): Command {
  return addFlags(command, COMMON_FLAGS);
}

/** The common flags of a command whose stdout is not ours to shape: a script, or a peer's bytes. */
export function addStreamFlags(command: Command): Command {
  return addFlags(command, STREAM_FLAGS);
}

export function addRuntimeFlags(command: Command): Command {
  return addFlags(command, RUNTIME_FLAGS);
}

export function addVariantFlag(command: Command): Command {
  return addFlags(command, [VARIANT_FLAG]);
}

export function addLockfileFlag(command: Command): Command {
  return addFlags(command, [LOCKFILE_FLAG]);
}

export function addSourceFlags(command: Command): Command {
  return addFlags(command, SOURCE_FLAGS);
}

export function addSignatureFlags(command: Command): Command {
  return addFlags(command, SIGNATURE_FLAGS);
}

export function addPrefixFlags(command: Command): Command {
  return addFlags(command, PREFIX_FLAGS);
}
