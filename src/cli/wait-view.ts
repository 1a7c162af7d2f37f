import { escapeControls } from '../errors.ts';
import type { CliContext } from './context.ts';
import { formatDuration } from './format.ts';

/** A person sees the seconds go by. */
const REDRAW_MS = 1000;
/** A log hears that the job is alive, before a runner takes it for dead. */
const LOG_EVERY_MS = 60_000;
const ERASE_LINE = '\r\u001b[2K';

/** Says what is waited for, and that waiting goes on; call `end` before other output. */
export interface WaitView {
  /** Told after each question; only what has changed is said again. */
  missing(reasons: readonly string[]): void;
  end(): void;
}

/**
 * One line that counts on a terminal, a line a minute elsewhere.
 * @param what is waited for: `Codex 0.169.0 on github, npm`
 * @param timeoutMs when waiting ends
 */
export function createWaitView(
  {
    stderr,
    interactive,
    stderrColumns,
  }: Pick<CliContext, 'stderr' | 'interactive' | 'stderrColumns'>,
  what: string,
  timeoutMs: number,
): WaitView {
  const began = performance.now();
  let told = '';
  let asked = 0;
  let drawn = false;
  const erase = () => {
    if (drawn) stderr.write(ERASE_LINE);
    drawn = false;
  };
  const status = () => {
    const waited = formatDuration((performance.now() - began) / 1000);
    const times = asked === 1 ? 'once' : `${asked} times`;
    return asked === 0
      ? `Asking for ${what}: ${waited}`
      : `Still waiting for ${what}: ${waited} of ${formatDuration(timeoutMs / 1000)}, asked ${times}`;
  };
  const draw = () => {
    erase();
    // A line that wraps could not be taken back.
    stderr.write(escapeControls(status()).slice(0, stderrColumns - 1));
    drawn = true;
  };
  const timer = interactive
    ? setInterval(draw, REDRAW_MS)
    : setInterval(() => stderr.write(`${escapeControls(status())}\n`), LOG_EVERY_MS);
  if (interactive) draw();
  return {
    missing(reasons) {
      asked += 1;
      const text = reasons.map((reason) => `  - ${escapeControls(reason)}\n`).join('');
      if (text === told) return;
      told = text;
      erase();
      stderr.write(`Not yet:\n${text}`);
      if (interactive) draw();
    },
    end() {
      clearInterval(timer);
      erase();
    },
  };
}
