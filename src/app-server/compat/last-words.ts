/** What Codex writes at its start although nothing is wrong. */
const NOTICES: readonly RegExp[] = [
  /could not find bubblewrap on PATH/,
  /^WARNING: proceeding, even though we could not (create|update) PATH/,
];
const BACKTRACE = /^Stack backtrace:$/;
const FRAME = /^\s*(\d+:|at )\s*\S/;

/** The part of a server's stderr that says something about its end. */
export function lastWordsIn(stderr: string): string {
  const lines = stderr.split('\n');
  const trace = lines.findIndex((line) => BACKTRACE.test(line.trim()));
  const frames = (line: string, index: number) => trace !== -1 && index > trace && FRAME.test(line);
  return lines
    .filter((line, index) => index !== trace && !frames(line, index))
    .filter((line) => !NOTICES.some((notice) => notice.test(line)))
    .join('\n')
    .trim();
}

/**
 * How long a first start may keep a home to itself: 0.142 and newer read all stored sessions before
 * they answer, others wait 30 s for that and leave, and a start that was ended keeps its claim.
 */
const CLAIM_MINUTES = 15;

/** What a server that gave up waiting for the home's sessions means; undefined for other words. */
export function busyHomeHint(words: string, now: Date): string | undefined {
  const home = /timed out waiting for state db backfill at (.+?) after/.exec(words)?.[1];
  if (home === undefined) return undefined;
  const until = new Date(now.getTime() + CLAIM_MINUTES * 60_000);
  return `Another start of Codex is reading the sessions in ${home}, or was ended while it did. It works again when that start is done; if it was ended, at ${clock(until)} at the latest.`;
}

/** For a server that was ended because it did not answer in time. */
export function slowStartHint(now: Date): string {
  const until = new Date(now.getTime() + CLAIM_MINUTES * 60_000);
  return `The server was ended. On its first start Codex 0.142 and newer reads all stored sessions before it answers; if that is what it was doing, the next starts in this CODEX_HOME fail until ${clock(until)}, so give startTimeoutMs more time. Otherwise check that the executable is Codex.`;
}

function clock(time: Date): string {
  return time.toTimeString().slice(0, 5);
}
