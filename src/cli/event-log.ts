import type { ProgressEvent } from '../events.ts';
import type { CliContext, CommonFlags } from './context.ts';
import { type Progress, withProgress } from './progress.ts';

/** What a command tells besides its result: to a person in words, or to the log of a pipeline. */
export interface EventLog extends Pick<Progress, 'onProgress'> {
  /** Tells of one step, as a sentence or as the event `{"type": …, …}`. */
  tell(
    sentence: string | null,
    event: { readonly type: string; readonly [field: string]: unknown },
  ): void;
}

/** A log needs to know that the work goes on, not each block. */
const EVERY_MS = 3000;

/**
 * Does the work while stderr says how it goes: with `--json` in lines of JSON, which are the library's
 * own events, else in words; with `--quiet` not at all.
 */
export async function withEvents<T>(
  context: CliContext,
  flags: CommonFlags,
  work: (log: EventLog) => Promise<T>,
): Promise<T> {
  if (flags.json === true && flags.quiet !== true) return await work(lines(context));
  return await withProgress(context, flags, (progress) =>
    work({
      onProgress: progress.onProgress,
      tell: (sentence) => {
        progress.end();
        if (sentence !== null && flags.quiet !== true) context.stderr.write(`${sentence}\n`);
      },
    }),
  );
}

function lines(context: CliContext): EventLog {
  const write = (event: object) => context.stderr.write(`${JSON.stringify(event)}\n`);
  let what = '';
  let told = 0;
  return {
    onProgress: (event) => {
      const [kind, isOver] = advance(event);
      if (kind === null) return void write(event);
      const now = performance.now();
      if (kind === what && !isOver && now - told < EVERY_MS) return;
      [what, told] = [kind, now];
      write(event);
    },
    tell: (_sentence, event) => void write(event),
  };
}

/** What goes on, and whether it is done; null for an event that comes once. */
function advance(event: ProgressEvent): readonly [string | null, boolean] {
  if (event.type === 'working') return [event.what, event.done === event.total];
  return event.type === 'download' ? [event.type, event.received === event.total] : [null, false];
}
