import type { Writable } from 'node:stream';
import { escapeControls } from '../errors.ts';
import type { OnProgress, ProgressEvent } from '../events.ts';
import type { CliContext, CommonFlags } from './context.ts';
import { formatBytes, formatDuration } from './format.ts';
import { Transfer } from './transfer.ts';

const UNKNOWN_TO_NPM =
  'The next npm install here removes it, because package.json does not name it: pin the version, and let the scripts "postinstall" and "dependencies" run codex-runtime install.';

type DownloadEvent = Extract<ProgressEvent, { type: 'download' }>;

/** Draws a transfer while it lasts. */
interface TransferView {
  show(event: DownloadEvent, transfer: Transfer): void;
  end(): void;
}

/** Shows what happens to a person or a log; call `end` before other output. */
export interface Progress {
  readonly onProgress: OnProgress;
  end(): void;
}

/**
 * A bar on a terminal, a plain line every few seconds elsewhere, nothing when quiet. Channels that
 * could not deliver are told in one line, once it is known what is taken instead.
 */
export async function createProgress(context: CliContext, flags: CommonFlags): Promise<Progress> {
  if (flags.quiet === true) return { onProgress: () => undefined, end: () => undefined };
  const say = (line: string) => context.stderr.write(`${escapeControls(line)}\n`);
  const view = context.interactive
    ? await openBar(context)
    : new LineView(context.stderr, process.hrtime.bigint());
  const transfer = new Transfer();
  const unavailable = new Set<string>();
  const onProgress: OnProgress = (event) => {
    switch (event.type) {
      case 'version':
        say(`Taking Codex ${event.version} for "${event.spec}".`);
        return;
      case 'download':
        transfer.add(event.received, performance.now());
        view.show(event, transfer);
        return;
      case 'unavailable':
        unavailable.add(event.channel);
        if (flags.verbose === true) say(`${sourceName(event)}: ${event.reason}`);
        return;
      case 'asset':
        if (unavailable.size > 0) {
          const why = flags.verbose === true ? '' : ' (--verbose says why)';
          say(
            `Not available: ${[...unavailable].join(', ')}${why}. Taking it from ${event.channel}.`,
          );
        } else if (flags.verbose === true) say(`Taking ${event.name} from ${event.channel}.`);
        unavailable.clear();
        return;
      case 'waiting':
        view.end();
        say(`Waiting: ${event.reason}`);
        return;
      case 'retry':
        if (flags.verbose !== true) return;
        view.end();
        say(`Trying again (${event.attempt}): ${event.reason}`);
        return;
      case 'verified':
        view.end();
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
        if (event.unknownToNpm) say(UNKNOWN_TO_NPM);
        return;
    }
  };
  return { onProgress, end: () => view.end() };
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

function sourceName({ channel, source }: Extract<ProgressEvent, { type: 'unavailable' }>): string {
  return source === null || source === channel ? channel : `${channel} (${source})`;
}

async function openBar({ stderr, columns, color }: CliContext): Promise<TransferView> {
  const { default: progress } = await import('cli-progress');
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const size = Math.max(8, Math.min(32, columns - 56));
  const bar = new progress.SingleBar({
    stream: stderr as NodeJS.WriteStream,
    // A share of what nobody has told would be a guess: then the bytes and the rate have to do.
    format: (_options, { progress: share }, { total, words }) => {
      if (total === null) return words;
      const full = Math.round(share * size);
      const drawn = paint(36, '█'.repeat(full) + '░'.repeat(size - full));
      return `${drawn} ${Math.floor(share * 100)}%  ${words}`;
    },
    hideCursor: true,
    clearOnComplete: false,
    fps: 12,
    noTTYOutput: true,
  });
  let open = false;
  return {
    show(event, transfer) {
      const payload = { total: event.total, words: describeTransfer(event, transfer) };
      if (!open) bar.start(event.total ?? 0, event.received, payload);
      // Some channels tell the size only with the first bytes.
      if (event.total !== null) bar.setTotal(event.total);
      bar.update(event.received, payload);
      open = true;
    },
    end() {
      if (open) bar.stop();
      open = false;
    },
  };
}

/** A log gets the first line after a while: a fast download needs none. */
const LINE_EVERY_NS = 3_000_000_000n;

class LineView implements TransferView {
  readonly #stderr: Writable;
  #last: bigint;

  constructor(stderr: Writable, now: bigint) {
    this.#stderr = stderr;
    this.#last = now;
  }

  show(event: DownloadEvent, transfer: Transfer): void {
    const now = process.hrtime.bigint();
    // That a download has begun is no progress yet.
    if (event.received === 0 || now - this.#last < LINE_EVERY_NS) return;
    this.#last = now;
    this.#stderr.write(`Downloaded ${describeTransfer(event, transfer)}\n`);
  }

  end(): void {
    this.#last = process.hrtime.bigint();
  }
}

/** `30.0 MB of 200 MB  10.0 MB/s  17 s left`, without what nobody can tell. */
function describeTransfer({ received, total }: DownloadEvent, transfer: Transfer): string {
  const { rate } = transfer;
  const left = transfer.secondsLeft(total);
  const done = formatBytes(received);
  if (received === 0) {
    return total === null ? 'waiting for the first bytes' : `waiting for ${formatBytes(total)}`;
  }
  return [
    total === null ? done : `${done} of ${formatBytes(total)}`,
    ...(rate === undefined ? [] : [`${formatBytes(rate)}/s`]),
    ...(left === undefined || received === total ? [] : [`${formatDuration(left)} left`]),
  ].join('  ');
}
