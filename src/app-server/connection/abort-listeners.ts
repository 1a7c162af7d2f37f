/** What is to be done for each signal that is listened to. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` once `signal` aborts, at once if it has; the returned function takes it back.
 * All listeners of a signal share one of the platform's: Node warns of a leak at the eleventh, and
 * one signal for a whole program is what signals are for.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  let listeners = waiting.get(signal);
  if (listeners === undefined) {
    listeners = new Set();
    waiting.set(signal, listeners);
  }
  const all = listeners;
  // An entry of its own: the same function may be given twice.
  const entry = () => listener();
  if (all.size === 0) signal.addEventListener('abort', runAll, { once: true });
  all.add(entry);
  return () => {
    all.delete(entry);
    if (all.size === 0) signal.removeEventListener('abort', runAll);
  };
}

function runAll(this: AbortSignal): void {
  const listeners = [...(waiting.get(this) ?? [])];
  waiting.delete(this);
  for (const listener of listeners) listener();
}
