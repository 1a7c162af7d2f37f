import type { EngineLimits, GuestSetup, ScriptError } from './protocol.ts';

/** What an engine tells while a script runs in it; called from inside the script's own call. */
export interface EngineListener {
  /** JSON of one GuestEvent. False when the script has written as much as it may. */
  send(json: string): boolean;
  timer(id: number, ms: number): void;
  clear(id: number): void;
  /** Asked all the time: true stops the script at once, and it cannot catch that. */
  isStopped(): boolean;
}

/** Where a script stands when its engine has nothing left to do by itself. */
export type EngineState =
  /** For answers or timers. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly error: ScriptError }
  /** {@link EngineListener.isStopped} said so. */
  | { readonly kind: 'stopped' };

/**
 * One script in a world of its own. The fence is this interface: what goes in and out is text,
 * and nothing of the host's JavaScript realm is ever handed to the script. Every method runs the
 * script until it waits, ends or is stopped.
 */
export interface Engine {
  run(source: string): EngineState;
  /** JSON of a GuestMessage[]. */
  deliver(json: string): EngineState;
  fire(timer: number): EngineState;
  /** The whole state of a waiting script; another engine of the same kind goes on from it. */
  snapshot(): Uint8Array;
  dispose(): void;
}

export interface EngineKind {
  /**
   * Makes the next engine ahead, for a script that may take `heapBytes`: most of what
   * {@link EngineKind.create} does is the same for all scripts. At most one is kept.
   */
  prepare(heapBytes: number): Promise<void>;
  create(setup: GuestSetup, listener: EngineListener): Promise<Engine>;
  restore(snapshot: Uint8Array, limits: EngineLimits, listener: EngineListener): Promise<Engine>;
}
