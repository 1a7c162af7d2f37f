import { Command, Option } from 'commander';
import { WAIT_TIMEOUT_MS, waitForRelease } from '../../operations/wait-for-release.ts';
import type { CliContext } from '../context.ts';
import { addCommonFlags, addSourceFlags, type SourceFlags } from '../flags.ts';
import { given, libraryOptions } from '../library-options.ts';
import { parseDuration, parseList } from '../option-values.ts';
import { printResult } from '../print-result.ts';
import { createWaitView } from '../wait-view.ts';

interface WaitFlags extends SourceFlags {
  readonly target?: readonly string[];
  readonly timeout?: number;
  readonly interval?: number;
  readonly once?: true;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('wait')
    .description('Wait until a release is complete on the chosen channels and platforms.')
    .argument('<version>', 'an exact version')
    .option('--target <list>', 'targets that have to be there (default: all six)', parseList)
    .option(
      '--timeout <duration>',
      'wait at most this long: 90s, 30m, 2h (default: 30m)',
      parseDuration,
    )
    .option('--interval <duration>', 'time between two checks (default: 15s)', parseDuration)
    .addOption(
      new Option('--once', 'check once, like --timeout 0').conflicts(['timeout', 'interval']),
    );
  return addCommonFlags(addSourceFlags(command))
    .addHelpText('after', EXAMPLES)
    .action(async (version: string, flags: WaitFlags) => {
      await wait(context, version, flags);
    });
}

async function wait(context: CliContext, version: string, flags: WaitFlags) {
  const { target: targets, ...rest } = flags;
  const timeoutMs = flags.once === true ? 0 : (flags.timeout ?? WAIT_TIMEOUT_MS);
  const view =
    flags.quiet === true
      ? undefined
      : createWaitView(
          context,
          `Codex ${version} on ${flags.source ?? 'every channel'}`,
          timeoutMs,
        );
  const result = await waitForRelease({
    ...libraryOptions(context, { flags: rest }),
    ...given({ targets, intervalMs: flags.interval }),
    version,
    timeoutMs,
    onMissing: (missing) => view?.missing(missing.map(({ reason }) => reason)),
  }).finally(() => view?.end());
  const where = result.channels.join(', ');
  printResult(context, flags, { result, text: `Codex ${result.version} is complete on ${where}.` });
}

const EXAMPLES = `
On npm the launcher has to be published and every platform build that it names; elsewhere every
target needs its asset. With --min-release-age the release has to be as old as that on each of them,
and what is missing says when it will be. Ends with 0 when all is there, with 9 and what is missing when time is up.

Examples:
  codex-runtime wait 0.169.0
  codex-runtime wait 0.169.0 --source npm --timeout 2h
  codex-runtime wait 0.169.0 --source github --target linux-x64 --once
  codex-runtime wait 0.169.0 --source npm --min-release-age 1d --once --json
`;
