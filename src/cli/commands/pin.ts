import { Command, Option } from 'commander';
import { CodexRuntimeError, escapeControls } from '../../errors.ts';
import { LOCKFILE_NAME, PROOF_LEVELS } from '../../lockfile/index.ts';
import { type PinResult, pinRuntime } from '../../operations/pin-runtime.ts';
import { verifyPin } from '../../operations/verify-pin.ts';
import { isUpstream } from '../../pin/index.ts';
import type { Triple } from '../../target/index.ts';
import type { CliContext, ExitWith } from '../context.ts';
import {
  addCommonFlags,
  addSignatureFlags,
  addSourceFlags,
  type SignatureFlags,
  type SourceFlags,
} from '../flags.ts';
import { shownPath } from '../format.ts';
import { libraryOptions } from '../library-options.ts';
import { printResult } from '../print-result.ts';
import { withProgress } from '../progress.ts';
import { formatTable } from '../table.ts';

interface PinFlags extends SourceFlags, SignatureFlags {
  readonly check?: true;
  readonly deep?: true;
  readonly here?: true;
  readonly require?: string;
  readonly outdated?: true;
  readonly update?: true;
  readonly exitCode?: true;
}

/** A status of its own, so that a script can tell a newer version from a failure. */
const OUTDATED_STATUS = 10;

export function createCommand(context: CliContext, exitWith: ExitWith): Command {
  const command = new Command('pin')
    .description('Lock a version: the bytes it may be, for all six targets on every channel.')
    .argument('[version]', 'as for install (default: what the environment or the lockfile names)')
    .addOption(
      new Option('--check', 'compare the lockfile with the channels, and change nothing').conflicts(
        ['verifySignature', 'trustedRoot'],
      ),
    )
    .addOption(
      new Option(
        '--outdated',
        'say which newer version is allowed (by range and age) and what it would change; write nothing',
      ).conflicts(['check', 'deep', 'update', 'here', 'verifySignature', 'require']),
    )
    .addOption(
      new Option(
        '--update',
        'lock the newest version that is allowed: of the range, else latest; never an older one',
      ).conflicts('check'),
    )
    .option(
      '--exit-code',
      `end with ${OUTDATED_STATUS} where --outdated or --update finds a newer one`,
    )
    .option('--deep', "fetch every target, and lock the executable's sha256 too")
    .addOption(
      new Option('--here', 'use a lockfile in this directory, even below another one').conflicts(
        'lockfile',
      ),
    );
  command.addOption(
    new Option('--require <level>', 'the minimum proof for every target, from now on')
      .choices(PROOF_LEVELS)
      .conflicts('check'),
  );
  addSignatureFlags(command);
  return addCommonFlags(addSourceFlags(command))
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: PinFlags) => {
      if (flags.check === true && flags.deep === true) {
        throw new CodexRuntimeError('USAGE', '--check and --deep exclude each other.', {
          hint: 'Run pin --deep once and commit its result; run pin --check in CI.',
        });
      }
      const here = flags.here === true ? { lockfile: `./${LOCKFILE_NAME}` } : {};
      if (flags.exitCode === true && flags.outdated !== true && flags.update !== true) {
        throw new CodexRuntimeError('USAGE', '--exit-code belongs to --outdated and --update.', {
          hint: 'Run codex-runtime pin --outdated --exit-code.',
        });
      }
      if (flags.check === true) await check(context, version, { ...flags, ...here });
      else if (await pin(context, version, { ...flags, ...here })) {
        if (flags.exitCode === true) exitWith(OUTDATED_STATUS);
      }
    });
}

async function pin(
  context: CliContext,
  version: string | undefined,
  flags: PinFlags,
): Promise<boolean> {
  const result = await withProgress(context, flags, ({ onProgress }) => {
    const options = libraryOptions(context, {
      version,
      flags,
      onProgress,
    });
    const require = flags.require === undefined ? {} : { require: flags.require };
    const dryRun = flags.outdated === true;
    const update = dryRun || flags.update === true;
    return pinRuntime({ ...options, ...require, update, dryRun, deep: flags.deep === true });
  });
  if (flags.outdated === true) {
    printResult(context, flags, { result, text: outlook(result) });
  } else {
    if (flags.quiet !== true) context.stderr.write(summary(result));
    printResult(context, flags, { result, text: result.path });
  }
  return result.outdated;
}

/** What an update would do. */
function outlook({ version, previous, path, outdated, changes }: PinResult): string {
  const file = shownPath(path);
  if (outdated) return `Codex ${previous} in ${file} may be updated to ${version}.`;
  const more =
    changes.length === 0
      ? ''
      : ` Its digests would change for ${changes.map(({ target }) => target).join(', ')}.`;
  return `Codex ${version} in ${file} is the newest that is allowed.${more}`;
}

async function check(
  context: CliContext,
  version: string | undefined,
  flags: PinFlags,
): Promise<void> {
  const result = await withProgress(context, flags, ({ onProgress }) =>
    verifyPin(libraryOptions(context, { version, flags, onProgress })),
  );
  if (flags.quiet !== true) {
    const limit = result.silent.length === 0 ? '' : ' that answered';
    const file = shownPath(result.path);
    context.stderr.write(
      `The lockfile for Codex ${result.version} (${file}) is complete and matches every channel${limit}.\n`,
    );
    context.stderr.write(gaps(result.absent) + silence('Not compared with', result.silent));
    for (const { target, asset } of result.unseen) {
      context.stderr.write(
        `Not looked at: the release signature of ${asset} (${target}); "pin --deep --require sigstore" verifies it.\n`,
      );
    }
  }
  printResult(context, flags, { result, text: result.path });
}

function summary(result: PinResult): string {
  const { lock, levels, missing, silent, warnings } = result;
  const rows = Object.entries(lock.targets).map(([triple, { assets, entrypoint }]) => [
    `  ${triple}`,
    `${assets.length} ${assets.length === 1 ? 'asset' : 'assets'}`,
    levels[triple as Triple] ?? '',
    entrypoint === undefined ? '' : `executable ${entrypoint.sha256.slice(0, 12)}…`,
  ]);
  const lost = silence('No digests from', silent);
  const warned = warnings.map((warning) => `Warning: ${warning}\n`).join('');
  return `${outcome(result)}:\n${formatTable(rows)}\n${gaps(missing)}${lost}${warned}`;
}

/** Which file changed, and how: it may be another one than its user thinks of. */
function outcome({ version, previous, path, changed, lock }: PinResult): string {
  const of = isUpstream(lock.repo) ? '' : ` of ${lock.repo}`;
  const step = previous === null || previous === version ? version : `${previous} → ${version}`;
  return `${changed ? 'Locked' : 'Already locked'} Codex ${step}${of} in ${shownPath(path)}`;
}

function silence(lost: string, silent: PinResult['silent']): string {
  return silent
    .map(({ channel, reason }) => `${lost} ${channel}: ${escapeControls(reason)}\n`)
    .join('');
}

function gaps(triples: PinResult['missing']): string {
  return triples
    .map((triple) => `Nothing to lock for ${triple}: no channel that answered has a build.\n`)
    .join('');
}

const EXAMPLES = `
The lockfile is codex-runtime.lock.json, the nearest one upward or a new one here; its path is
printed. Commit it: install then takes these bytes and no others. After an edit of "version" alone
(by a bot, say), plain pin locks that version; repository and signature rule stay.

Examples:
  codex-runtime pin 0.115.0
  codex-runtime pin latest --source github,npm
  codex-runtime pin --deep               add what lets one channel stand in for another
  codex-runtime pin --verify-signature   from now on, require signatures (Linux)
  codex-runtime pin --require npm-signature   from now on, and never with less
  codex-runtime pin --outdated --json    which newer version is allowed, and what it changes
  codex-runtime pin --update --min-release-age 3d   take it, in one readable change
  codex-runtime pin --update '^0.169.0' --exit-code   10 where there was one
  codex-runtime pin 0.169.0 --here       in a package of a monorepo: a lockfile of its own
  codex-runtime pin --check              in CI: complete and correct? 3 incomplete, 6 other bytes
`;
