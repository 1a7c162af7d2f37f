import { Command } from 'commander';
import { type Diagnosis, diagnose, type Finding } from '../../doctor/index.ts';
import type { CliContext, ExitWith } from '../context.ts';
import { addCommonFlags, addLockfileFlag, addPrefixFlags, type LockfileFlags } from '../flags.ts';
import { libraryOptions } from '../library-options.ts';
import { addPlaceFlags, type PlaceFlags, placeOptions } from '../place-flags.ts';
import { printResult } from '../print-result.ts';

interface DoctorFlags extends LockfileFlags, PlaceFlags {
  readonly offline?: true;
  readonly handshake?: true;
}

export function createCommand(context: CliContext, exitWith: ExitWith): Command {
  const command = new Command('doctor')
    .description('Check everything that an installation needs, and say what to do.')
    .argument('[version]', 'check as if this version were wanted')
    .option('--offline', 'do not use the network')
    .option('--handshake', "speak to the installed runtime's app-server too");
  return addCommonFlags(addLockfileFlag(addPlaceFlags(addPrefixFlags(command))))
    .addHelpText('after', EXAMPLES)
    .action(async (version: string | undefined, flags: DoctorFlags) => {
      const options = { ...libraryOptions(context, { version, flags }), ...placeOptions(flags) };
      const diagnosis = await diagnose({ ...options, handshake: flags.handshake === true });
      printResult(context, flags, {
        result: diagnosis,
        text: describe(diagnosis, flags),
        paint: (text) => (context.stdoutColor ? paint(text) : text),
      });
      exitWith(diagnosis.exitStatus);
    });
}

const COLORS: Readonly<Record<Finding['status'], number>> = { ok: 32, warn: 33, fail: 31 };

function describe({ findings }: Diagnosis, { quiet }: DoctorFlags): string {
  const shown = findings.filter(({ status }) => quiet !== true || status !== 'ok');
  return shown
    .flatMap(({ status, summary, advice }) => {
      return [`${status.padEnd(4)}  ${summary}`, ...(advice === null ? [] : [`      ${advice}`])];
    })
    .join('\n');
}

/** Colours the word that begins a finding. */
function paint(text: string): string {
  return text.replace(
    /^(ok {2}|warn|fail)(?= {2})/gm,
    (word) => `\u001b[${COLORS[word.trimEnd() as Finding['status']]}m${word}\u001b[0m`,
  );
}

const EXAMPLES = `
It checks platform, Node, home, disk, prefix, locks, pin and lockfile, store, installed package, the
other prefixes and Python environments, PATH and other installations, Codex's own daemon, running
app-servers and network, and changes nothing. It ends with 0 when nothing fails, with 9 when something
is damaged, else with the status of the first failure. --quiet shows only problems.

Examples:
  codex-runtime doctor
  codex-runtime doctor --prefix demo --offline
  codex-runtime doctor --ecosystem python --python .venv/bin/python
  codex-runtime doctor 0.169.0 --json
`;
