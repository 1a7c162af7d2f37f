import type { ProgressEvent } from '../events.ts';
import type { CliContext } from './context.ts';
import { formatBytes, formatDuration } from './format.ts';
import type { Transfer } from './transfer.ts';

type DownloadEvent = Extract<ProgressEvent, { type: 'download' }>;

/** Draws a transfer while it lasts. */
export interface TransferView {
  /** Says what comes next: a download of `Codex 0.171.0`, or work such as `Packing`. */
  name(what: string, kind?: 'download' | 'work'): void;
  show(event: DownloadEvent, transfer: Transfer): void;
  end(): void;
}

/** A bar where stderr is a terminal, a plain line every few seconds elsewhere. */
export async function openTransferView(context: CliContext): Promise<TransferView> {
  return context.interactive
    ? await openBar(context)
    : new LineView(context, process.hrtime.bigint());
}

async function openBar({ stderr, stderrColumns, stderrColor }: CliContext): Promise<TransferView> {
  const { default: progress } = await import('cli-progress');
  const paint = (code: number, text: string) =>
    stderrColor ? `\u001b[${code}m${text}\u001b[0m` : text;
  const bar = new progress.SingleBar({
    stream: stderr as NodeJS.WriteStream,
    // A share of what nobody has told would be a guess: then the bytes and the rate have to do.
    format: (_options, { progress: share }, { what, total, words }) => {
      const percent = total === null ? [] : [`${Math.floor(share * 100)}%`];
      const line = fitting([what, ...percent, ...words], stderrColumns - 1);
      // The bar has what the words leave of the line, up to 32 columns.
      const size = Math.min(32, stderrColumns - 2 - line.length);
      if (total === null || size < 8) return line;
      const full = Math.round(share * size);
      const [name, ...rest] = line.split(GAP);
      const drawn = paint(36, '█'.repeat(full) + '░'.repeat(size - full));
      return `${name} ${drawn}${rest.length === 0 ? '' : ` ${rest.join(GAP)}`}`;
    },
    hideCursor: true,
    clearOnComplete: false,
    fps: 12,
    noTTYOutput: true,
  });
  let open = false;
  let what = '';
  return {
    name(next) {
      what = next;
    },
    show(event, transfer) {
      const words = describeTransfer(event, transfer);
      const payload = { what, total: event.total, words };
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
  readonly #context: Pick<CliContext, 'stderr'>;
  #last: bigint;
  #verb = 'Downloaded';
  #what = '';

  constructor(context: Pick<CliContext, 'stderr'>, now: bigint) {
    this.#context = context;
    this.#last = now;
  }

  name(what: string, kind: 'download' | 'work' = 'download'): void {
    this.#verb = kind === 'work' ? what : 'Downloaded';
    this.#what = kind === 'work' ? '' : what;
  }

  show(event: DownloadEvent, transfer: Transfer): void {
    const now = process.hrtime.bigint();
    // That a download has begun is no progress yet.
    if (event.received === 0 || now - this.#last < LINE_EVERY_NS) return;
    this.#last = now;
    const [bytes, ...rate] = describeTransfer(event, transfer);
    const what = this.#what === '' ? '' : ` of ${this.#what}`;
    this.#context.stderr.write(`${[`${this.#verb} ${bytes}${what}`, ...rate].join(GAP)}\n`);
  }

  end(): void {
    this.#last = process.hrtime.bigint();
  }
}

/** Between the parts of a line. */
const GAP = '  ';

/** As many parts as the columns hold; the last are the first to go. */
function fitting(parts: readonly string[], columns: number): string {
  const shown = parts.filter((part) => part !== '');
  while (shown.length > 1 && shown.join(GAP).length > columns) shown.pop();
  return shown.join(GAP).slice(0, Math.max(0, columns));
}

/** `30.0 MB of 200 MB`, `10.0 MB/s`, `17 s left`, without what nobody can tell. */
function describeTransfer(
  { received, total }: DownloadEvent,
  transfer: Transfer,
): readonly string[] {
  const { rate } = transfer;
  const left = transfer.secondsLeft(total);
  const done = formatBytes(received);
  if (received === 0) {
    return [total === null ? 'waiting for the first bytes' : `waiting for ${formatBytes(total)}`];
  }
  return [
    total === null ? done : `${done} of ${formatBytes(total)}`,
    ...(rate === undefined ? [] : [`${formatBytes(rate)}/s`]),
    ...(left === undefined || received === total ? [] : [`${formatDuration(left)} left`]),
  ];
}
