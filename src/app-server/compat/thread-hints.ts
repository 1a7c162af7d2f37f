/** What to do about the refusals of stored threads, which say only what is wrong with a file. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /missing an? ordinal/i,
    'A Codex older than 0.150 has written to this thread, so newer ones refuse it. forkThread(id) goes on from it. Threads begun with historyMode: "legacy" can be used by all versions.',
  ],
  [
    /already has an active writer/i,
    'Another app-server has this thread open. Use that server, close it, or go on in a copy: forkThread(id).',
  ],
];

export function threadHint(message: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(message))?.[1];
}
