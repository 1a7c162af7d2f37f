import { escapeControls } from '../errors.ts';
import type { OnProgress, PackageManager, ProgressEvent } from '../events.ts';
import type { CliContext, CommonFlags } from './context.ts';
import { shownPath } from './format.ts';
import { adviceFor } from './named-places.ts';
import { Transfer } from './transfer.ts';
import { openTransferView } from './transfer-view.ts';

/** What each manager does to a package that package.json does not name, and what brings it back. */
const REMOVED_BY: Readonly<Record<PackageManager, string>> = {
  npm: 'The next npm install removes this package, because package.json does not name it. To keep it, pin the version and let the scripts "postinstall" and "dependencies" run "codex-runtime install".',
  pnpm: 'The next pnpm add or remove deletes node_modules/.bin/codex. Run "codex-runtime install" after it, or start Codex with "codex-runtime exec".',
  yarn: 'The next yarn add or remove deletes it. Pin the version, let the script "postinstall" run "codex-runtime install", and run "yarn install" after yarn remove.',
};

const WITHOUT_LINKS =
  'This file system has no links: the package is a directory of its own, which npm does not keep.';

/** What to say of files that stay behind. */
export function leftoverText({ path, inUse }: { path: string; inUse: boolean }): string {
  const why = inUse
    ? 'The old version is still running'
    : 'The files of the old version cannot be removed now';
  return `${why}; the next install or uninstall here removes it from ${path}.`;
}

/** Shows what happens to a person or a log; call `end` before other output. */
export interface Progress {
  readonly onProgress: OnProgress;
  end(): void;
  /** Says in one line what an installation came to. */
  tell(result: InstallOutcome): void;
}

interface InstallOutcome {
  /** Semver. */
  readonly version: string;
  /** What delivered: a source, `store`, or `prefix`. */
  readonly source: string;
}

/**
 * A bar on a terminal, a plain line every few seconds elsewhere, nothing when quiet. Channels that
 * could not deliver are told in one line, once it is known what is taken instead.
 */
export async function createProgress(context: CliContext, flags: CommonFlags): Promise<Progress> {
  if (flags.quiet === true) {
    const nothing = () => undefined;
    return { onProgress: nothing, end: nothing, tell: nothing };
  }
  const say = (line: string) => context.say(`${escapeControls(line)}\n`);
  const view = await openTransferView(context);
  let transfer = new Transfer();
  let working: string | null = null;
  const said = new Set<string>();
  const once = (line: string) => {
    if (!said.has(line)) say(line);
    said.add(line);
  };
  const unavailable = new Set<string>();
  let algorithms: readonly string[] = [];
  const onProgress: OnProgress = (event) => {
    switch (event.type) {
      case 'version':
        say(`Taking Codex ${event.version} for "${event.spec}".`);
        return;
      case 'passed-over':
        say(event.reason);
        return;
      case 'lockfile':
        if (!event.here) once(`Using ${shownPath(event.path)} (Codex ${event.version}).`);
        return;
      case 'lockfile-ignored':
        once(
          `Ignoring ${shownPath(event.path)}: it ${event.reason}. If you trust it, name it with --lockfile.`,
        );
        return;
      case 'manifest-ignored':
        once(`Passing over ${event.name} of the release: it ${event.reason}.`);
        return;
      case 'repository':
        once(`Taking the releases of ${event.repo}.`);
        return;
      case 'download':
        transfer.add(event.received, performance.now());
        view.show(event, transfer);
        return;
      case 'working':
        if (working !== event.what) {
          view.end();
          view.name(event.what, 'work');
          transfer = new Transfer();
          working = event.what;
        }
        transfer.add(event.done, performance.now());
        view.show(
          { type: 'download', received: event.done, total: event.total, resumed: 0 },
          transfer,
        );
        return;
      case 'unavailable':
        unavailable.add(event.channel);
        if (flags.verbose === true) say(`${sourceName(event)}: ${event.reason}`);
        return;
      case 'asset':
        view.name(`Codex ${event.version}`);
        if (unavailable.size > 0) {
          const why = flags.verbose === true ? '' : ' (--verbose says why)';
          once(
            `Not available: ${[...unavailable].join(', ')}${why}. Taking it from ${event.channel}.`,
          );
        } else if (flags.verbose === true) say(`Taking ${event.name} from ${event.channel}.`);
        unavailable.clear();
        return;
      case 'target':
        view.end();
        say(`Codex for ${event.target} (${event.number} of ${event.of}):`);
        return;
      case 'pip':
        view.end();
        say(`Installing with pip of ${event.python}, which takes some seconds.`);
        return;
      case 'waiting':
        view.end();
        say(`Waiting: ${event.reason}`);
        return;
      case 'silent':
        view.end();
        once(`Waiting for ${event.host}, which has not answered for ${event.seconds} s.`);
        return;
      case 'retry':
        if (flags.verbose !== true) return;
        view.end();
        say(`Trying again (${event.attempt}): ${event.reason}`);
        return;
      case 'refused':
        view.end();
        say(
          `${event.host} refused ${event.credentials} (${event.status}); asking without it. Renew or remove it.`,
        );
        return;
      case 'verified':
        view.end();
        algorithms = event.digests.map((digest) => digest.split(':', 1)[0] ?? '');
        if (flags.verbose === true) say(`Verified ${event.digests.join(', ')}`);
        return;
      case 'signed':
        if (flags.verbose === true) {
          say(`Signed by ${event.identity} (${event.bundle}, over the ${event.over})`);
        }
        return;
      case 'stored':
        view.end();
        if (flags.verbose === true) say(`Stored in ${event.dir}`);
        return;
      case 'installed':
        if (flags.verbose === true) say(`Installed in ${event.dir}`);
        if (event.replaced !== null) say(adviceFor(context.words, replaced(event.replaced)));
        if (event.removedBy !== null) say(adviceFor(context.words, REMOVED_BY[event.removedBy]));
        if (event.withoutLinks) say(WITHOUT_LINKS);
        return;
      case 'leftover':
        say(leftoverText(event));
        return;
    }
  };
  // Not performance.now(), which loads a module of its own for it.
  const began = process.hrtime.bigint();
  return {
    onProgress,
    end: () => view.end(),
    tell: (result) => {
      view.end();
      say(outcome(result, algorithms, Number(process.hrtime.bigint() - began) / 1e6));
    },
  };
}

/** What an installation came to, in one line. */
function outcome(
  { version, source }: InstallOutcome,
  algorithms: readonly string[],
  ms: number,
): string {
  if (source === 'prefix') return `Already installed: Codex ${version}.`;
  const how =
    source === 'store' ? 'from the store' : `${[...new Set(algorithms)].join(' and ')} verified`;
  return `Installed Codex ${version} (${how}) in ${(ms / 1000).toFixed(1)} s.`;
}

/** Does the work while its progress is shown; what is printed afterwards has a line of its own. */
export async function withProgress<T>(
  context: CliContext,
  flags: CommonFlags,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = await createProgress(context, flags);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

function replaced(name: string): string {
  return `The command codex was ${name}'s until now. "codex-runtime uninstall" gives it back; after npm has removed ours, "npm rebuild ${name}" does.`;
}

function sourceName({ channel, source }: Extract<ProgressEvent, { type: 'unavailable' }>): string {
  return source === null || source === channel ? channel : `${channel} (${source})`;
}
