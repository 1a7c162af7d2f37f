import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Engine, EngineState } from '../../src/code-mode/engine.ts';
import type { GuestEvent, GuestSetup } from '../../src/code-mode/protocol.ts';
import { quickJs } from '../../src/code-mode/quickjs-engine.ts';

const require = createRequire(import.meta.url);
const module = new WebAssembly.Module(readFileSync(require.resolve('quickjs-wasi/quickjs.wasm')));

/** An engine in this process whose events are kept; `using` ends it. */
export interface TestEngine extends Disposable {
  readonly engine: Engine;
  readonly events: GuestEvent[];
  readonly timers: Map<number, number>;
  /** Milliseconds from now after which the script is stopped; undefined for never. */
  stopAfter: number | undefined;
  run(source: string): EngineState;
  texts(): string[];
}

export const SETUP: GuestSetup = {
  tools: [
    {
      name: 'lookup',
      path: ['lookup'],
      kind: 'function',
      description: 'Looks a key up.',
      isDeferred: false,
    },
    {
      name: 'patch',
      path: ['patch'],
      kind: 'freeform',
      description: 'Takes a text.',
      isDeferred: false,
    },
    {
      name: 'files.read',
      path: ['files', 'read'],
      kind: 'function',
      description: 'Reads.',
      isDeferred: false,
    },
  ],
  stored: [['seen', '{"n":1}']],
  limits: { heapBytes: 64 * 1024 * 1024, outputBytes: 1024 * 1024, pending: 10 },
};

export async function testEngine(
  setup: Partial<GuestSetup> = {},
  from?: Uint8Array,
  prelude?: string,
  onSend: () => void = () => undefined,
  onAsked: () => void = () => undefined,
): Promise<TestEngine> {
  const kind = quickJs(module, prelude);
  const events: GuestEvent[] = [];
  const timers = new Map<number, number>();
  let end = Number.POSITIVE_INFINITY;
  const listener = {
    send: (json: string) => {
      onSend();
      events.push(JSON.parse(json) as GuestEvent);
      return true;
    },
    timer: (id: number, ms: number) => void timers.set(id, ms),
    clear: (id: number) => void timers.delete(id),
    isStopped: () => {
      onAsked();
      return performance.now() > end;
    },
  };
  const whole = { ...SETUP, ...setup };
  const engine =
    from === undefined
      ? await kind.create(whole, listener)
      : await kind.restore(from, whole.limits, listener);
  const test: TestEngine = {
    engine,
    events,
    timers,
    stopAfter: undefined,
    run: (source) => {
      end =
        test.stopAfter === undefined
          ? Number.POSITIVE_INFINITY
          : performance.now() + test.stopAfter;
      return engine.run(source);
    },
    texts: () => events.flatMap((event) => (event.t === 'text' ? [event.text] : [])),
    [Symbol.dispose]: () => engine.dispose(),
  };
  return test;
}
