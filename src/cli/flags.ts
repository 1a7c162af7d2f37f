import { type Command, Option } from 'commander';
import type { VariantChoice } from '../asset.ts';
import type { CommonFlags } from './context.ts';
import { nonEmpty } from './option-values.ts';

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

export function addTemplateFlags(command: Command): Command {
  return command
    .option('--name <name>', 'npm name of the package (default: codex-cli-bin)', nonEmpty)
    .option('--templates <dir>', 'templates in place of the bundled ones', nonEmpty)
    .option(
      '--repository <url>',
      'where the packages are made, for their metadata; or owner/name',
      nonEmpty,
    );
}

export function addCommonFlags(command: Command): Command {
  return addStreamFlags(command.option('--json', 'print one JSON document on stdout, errors too'));
}

/** The common flags of a command whose stdout is not ours to shape: a script, or a peer's bytes. */
export function addStreamFlags(command: Command): Command {
  return command
    .option('-q, --quiet', 'print nothing but the result and errors')
    .option('--verbose', 'say what happens, with stack traces on failure')
    .option('--home <dir>', 'where runtimes are stored (default: CODEX_RUNTIME_HOME)', nonEmpty);
}

export function addRuntimeFlags(command: Command): Command {
  command.option(
    '--target <target>',
    'triple, npm tag or os/cpu (default: this machine)',
    nonEmpty,
  );
  return addSourceFlags(addVariantFlag(command))
    .option('--frozen', 'refuse what codex-runtime.lock.json does not pin')
    .option('--offline', 'use only what the store has');
}

export function addVariantFlag(command: Command): Command {
  return command.addOption(
    new Option('--variant <variant>', 'complete package or bare binary')
      .choices(['auto', 'package', 'binary'])
      .default('auto'),
  );
}

export function addLockfileFlag(command: Command): Command {
  return command.option(
    '--lockfile <path>',
    'this lockfile, or the one in this directory (default: the nearest upward)',
    nonEmpty,
  );
}

export function addSourceFlags(command: Command): Command {
  return addLockfileFlag(command)
    .option(
      '--source <list>',
      'channels in order: github, mirror, npm, oci:HOST/REPOSITORY, dir:PATH; or api, browser, gh (default: github,mirror,npm; of another --repo github)',
      nonEmpty,
    )
    .option(
      '--repo <owner/name>',
      "a fork or private mirror on GitHub (default: the lockfile's where it counts, else openai/codex)",
      nonEmpty,
    )
    .option(
      '--min-release-age <age>',
      "how old a release has to be unless its exact version is named: 3d, 36h; a number is days (default: npm's min-release-age)",
      nonEmpty,
    );
}

export function addSignatureFlags(command: Command): Command {
  return command
    .option('--verify-signature', "require the release's Sigstore signature (Linux)")
    .option(
      '--trusted-root <file>',
      'whom to trust with signatures; tuf: update the public root (default: the one built in)',
      nonEmpty,
    );
}

export function addPrefixFlags(command: Command): Command {
  return command
    .option('--prefix <dir>', 'the prefix (default: the nearest project upward)', nonEmpty)
    .option('-g, --global', "npm's global layout, in npm's global prefix unless --prefix names one")
    .option('--name <name>', 'name of the package (default: codex-cli-bin)', nonEmpty);
}
