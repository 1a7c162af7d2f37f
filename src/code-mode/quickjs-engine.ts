import {
  CompileFlags,
  EvalFlags,
  JSException,
  type JSValueHandle,
  QuickJS,
  type QuickJSOptions,
} from 'quickjs-wasi';
import type { Engine, EngineKind, EngineListener, EngineState } from './engine.ts';
import { answerIntl } from './intl.ts';
import { PRELUDE } from './prelude.ts';
import type { EngineLimits, GuestSetup, ScriptError } from './protocol.ts';

/** Deep enough for every honest recursion, and far from the end of a worker's own stack. */
const STACK_BYTES = 256 * 1024;

const SEND = 'send';
const CONTROL = 'control';
const ASK = 'ask';
const SCRIPT = 'script.js';
/** How the prelude begins the event of a tool call. */
const CALL = '{"t":"call"';
/** Events that are not output: they have limits of their own, and a call that is not sent would hang. */
const OTHER = /^\{"t":"(?:call|store|pending)"/;

/** A snapshot begins with four numbers (u32), which say where things are in the memory that follows. */
const PLACES_BYTES = 16;

const STUCK: ScriptError = {
  name: 'Error',
  message:
    'The script waits for something that can never happen: no tool call and no timer is pending.',
  stack: '',
};

/**
 * QuickJS in WebAssembly. A script's values lie in the memory of the WebAssembly instance and are
 * counted against the limit, strings and typed arrays too; the interrupt handler is asked in loops,
 * microtasks, regular expressions and callbacks of built-in functions alike.
 */
export function quickJs(module: WebAssembly.Module, source: string = PRELUDE): EngineKind {
  let bytecode: Uint8Array | undefined;
  let prepared: Blank | undefined;
  const blank = async (heapBytes: number): Promise<Blank> => {
    const socket: Socket = { host: undefined };
    const vm = await QuickJS.create(optionsOf(module, heapBytes, socket));
    // Parsing takes longer than all else. The name tells a script nothing: it sees it in the
    // stacks of its errors.
    bytecode ??= vm.compile(source, '<code mode>', 0, CompileFlags.STRIP_SOURCE);
    return { heapBytes, socket, vm, entry: installPrelude(vm, bytecode) };
  };
  return {
    async prepare(heapBytes) {
      if (prepared?.heapBytes !== heapBytes) prepared = await blank(heapBytes);
    },
    async create(setup, listener) {
      const { heapBytes } = setup.limits;
      const ready = prepared?.heapBytes === heapBytes ? prepared : await blank(heapBytes);
      prepared = undefined;
      const host = new Host(listener, setup.limits);
      ready.socket.host = host;
      return new QuickJsEngine(ready.vm, host, ready.entry).begin(setup);
    },
    async restore(snapshot, limits, listener) {
      const host = new Host(listener, limits);
      const { entry, ...memory } = readSnapshot(snapshot);
      const vm = await QuickJS.restore(memory, optionsOf(module, limits.heapBytes, { host }));
      return new QuickJsEngine(vm, host, vm.importHandle(entry));
    },
  };
}

function readSnapshot(snapshot: Uint8Array) {
  const places = Buffer.from(snapshot.buffer, snapshot.byteOffset, PLACES_BYTES);
  const [entry, stackPointer, runtimePtr, contextPtr] = [0, 4, 8, 12].map((at) =>
    places.readUInt32LE(at),
  ) as [number, number, number, number];
  const memory = snapshot.subarray(PLACES_BYTES);
  return { entry, memory, stackPointer, runtimePtr, contextPtr, extensions: [] };
}

/** Where an engine finds who answers it: nobody before it has a script. */
interface Socket {
  host: Host | undefined;
}

/** An engine that has read the prelude and knows nothing of a script yet. */
interface Blank {
  readonly heapBytes: number;
  readonly socket: Socket;
  readonly vm: QuickJS;
  /** What the prelude gives back. */
  readonly entry: JSValueHandle;
}

function optionsOf(wasm: WebAssembly.Module, heapBytes: number, socket: Socket): QuickJSOptions {
  return {
    wasm,
    memoryLimit: heapBytes,
    maxStackSize: STACK_BYTES,
    // UTC, as `Intl` has it: the machine's zone is not a script's business.
    timezoneOffset: 0,
    interruptHandler: () => socket.host?.isInterrupted() === true,
    onUnhandledRejection: (promise, reason, isHandled) =>
      socket.host?.track(promise, reason, isHandled),
  };
}

/** The three functions are only names here: whoever runs a script in the engine registers them. */
function installPrelude(vm: QuickJS, bytecode: Uint8Array): JSValueHandle {
  using prelude = vm.evalBytecode(bytecode);
  using send = vm.newFunction(SEND, () => vm.undefined);
  using control = vm.newFunction(CONTROL, () => vm.undefined);
  using ask = vm.newFunction(ASK, () => vm.undefined);
  return vm.callFunction(prelude, vm.undefined, send, control, ask);
}

/** What the engine's three functions do, and what they found out. */
class Host {
  readonly #listener: EngineListener;
  readonly #outputBytes: number;
  readonly rejections = new Map<number, JSValueHandle>();
  #written = 0;
  ended: 'completed' | ScriptError | undefined;
  /** The script asked to end: nothing more of it runs. */
  hasLeft = false;
  wasStopped = false;
  /** A tool call went out since the script was last run on: it cannot have been answered yet. */
  hasCalled = false;
  /** What the host's side threw; the script is stopped, and the caller hears of it. */
  failure: unknown;

  constructor(listener: EngineListener, { outputBytes }: EngineLimits) {
    this.#listener = listener;
    this.#outputBytes = outputBytes;
  }

  isInterrupted(): boolean {
    if (this.hasLeft || this.failure !== undefined) return true;
    if (this.#listener.isStopped()) this.wasStopped = true;
    return this.wasStopped;
  }

  track(promise: JSValueHandle, reason: JSValueHandle, isHandled: boolean): void {
    const known = this.rejections.get(promise.identity);
    if (isHandled) {
      known?.dispose();
      this.rejections.delete(promise.identity);
    } else if (known === undefined) {
      this.rejections.set(promise.identity, reason.dup());
    }
  }

  callbacks(vm: QuickJS) {
    return {
      send: (json: JSValueHandle | undefined): JSValueHandle =>
        this.#guarded(vm, () => {
          const text = json?.toString() ?? '';
          if (text.startsWith(CALL)) this.hasCalled = true;
          if (OTHER.test(text)) return this.#listener.send(text);
          this.#written += Buffer.byteLength(text);
          return this.#written <= this.#outputBytes && this.#listener.send(text);
        }),
      control: (...values: JSValueHandle[]): JSValueHandle =>
        this.#guarded(vm, () => {
          const [what, first, second] = values;
          this.#control(what?.toString() ?? '', first, second);
          return true;
        }),
      ask: (json: JSValueHandle | undefined): JSValueHandle =>
        vm.newString(answerIntl(json?.toString() ?? '')),
    };
  }

  /** The engine would hand an error of ours to the script, with our words and our stack. */
  #guarded(vm: QuickJS, run: () => boolean): JSValueHandle {
    try {
      return run() ? vm.true : vm.false;
    } catch (error) {
      this.failure ??= error;
      return vm.false;
    }
  }

  #control(what: string, first: JSValueHandle | undefined, second: JSValueHandle | undefined) {
    if (what === 'timer') this.#listener.timer(first?.toNumber() ?? 0, second?.toNumber() ?? 0);
    else if (what === 'clear') this.#listener.clear(first?.toNumber() ?? 0);
    else if (what === 'completed') this.ended ??= 'completed';
    else if (what === 'failed') this.ended ??= JSON.parse(first?.toString() ?? '') as ScriptError;
    else if (what === 'exit') this.hasLeft = true;
  }
}

class QuickJsEngine implements Engine {
  readonly #vm: QuickJS;
  readonly #host: Host;
  readonly #entry: JSValueHandle;
  readonly #names = new Map<string, JSValueHandle>();

  constructor(vm: QuickJS, host: Host, entry: JSValueHandle) {
    this.#vm = vm;
    this.#host = host;
    this.#entry = entry;
    const { send, control, ask } = host.callbacks(vm);
    vm.registerHostCallback(SEND, send);
    vm.registerHostCallback(CONTROL, control);
    vm.registerHostCallback(ASK, ask);
  }

  begin(setup: GuestSetup): this {
    using text = this.#vm.newString(JSON.stringify(setup));
    this.#call('setup', text);
    return this;
  }

  run(source: string): EngineState {
    return this.#work(() => {
      // A module: `await` works at its top, and there is nothing that an `import` could find.
      using promise = this.#vm.evalCode(source, SCRIPT, EvalFlags.TYPE_MODULE);
      this.#call('run', promise);
    });
  }

  deliver(json: string): EngineState {
    return this.#work(() => {
      using text = this.#vm.newString(json);
      this.#call('deliver', text);
    });
  }

  fire(timer: number): EngineState {
    return this.#work(() => {
      using id = this.#vm.newNumber(timer);
      this.#call('fire', id);
    });
  }

  snapshot(): Uint8Array {
    const entry = this.#vm.exportHandle(this.#entry);
    const { memory, stackPointer, runtimePtr, contextPtr } = this.#vm.snapshot();
    // The engine's own serialization would copy the memory once more.
    const places = Buffer.alloc(PLACES_BYTES);
    for (const [at, value] of [entry, stackPointer, runtimePtr, contextPtr].entries()) {
      places.writeUInt32LE(value, at * 4);
    }
    return Buffer.concat([places, memory]);
  }

  dispose(): void {
    this.#vm.dispose();
  }

  #call(what: string, value: JSValueHandle): number {
    const name = this.#names.get(what) ?? this.#vm.newString(what);
    this.#names.set(what, name);
    using left = this.#vm.callFunction(this.#entry, this.#vm.undefined, name, value);
    return left.toNumber();
  }

  /** Runs the script on; whatever it or the engine throws becomes a state. */
  #work(begin: () => void): EngineState {
    this.#host.hasCalled = false;
    try {
      begin();
      this.#vm.executePendingJobs();
      if (this.#host.failure === undefined) return this.#state();
    } catch (error) {
      if (this.#host.failure !== undefined) throw this.#host.failure;
      if (this.#host.wasStopped) return { kind: 'stopped' };
      if (this.#host.ended !== undefined) return this.#state();
      return { kind: 'failed', error: this.#shown(error) };
    }
    throw this.#host.failure;
  }

  #state(): EngineState {
    const { ended, wasStopped, rejections } = this.#host;
    if (wasStopped) return { kind: 'stopped' };
    if (ended === 'completed') {
      const [reason] = rejections.values();
      // Nobody would hear of it otherwise, and the script's work may depend on it.
      if (reason === undefined) return { kind: 'completed' };
      return { kind: 'failed', error: this.#described(reason) };
    }
    if (ended !== undefined) return { kind: 'failed', error: ended };
    if (this.#host.hasCalled) return { kind: 'waiting' };
    using nothing = this.#vm.newString('');
    if (this.#call('count', nothing) > 0) return { kind: 'waiting' };
    return { kind: 'failed', error: STUCK };
  }

  /** Only what never runs code of the script: strings that are own properties of an error. */
  #described(reason: JSValueHandle): ScriptError {
    const read = (name: string): string => {
      if (!reason.isObject || reason.isProxy) return '';
      const value = reason.getOwnPropertyDescriptor(name)?.value;
      return value?.isString === true ? value.toString() : '';
    };
    const message = reason.isString ? reason.toString() : read('message');
    return {
      name: 'UnhandledRejection',
      message: message === '' ? 'A promise was rejected and nothing handled it.' : message,
      stack: ownLines(read('stack')),
    };
  }

  #shown(error: unknown): ScriptError {
    if (!(error instanceof JSException)) {
      // The engine itself gave up; its words would name the host.
      return { name: 'InternalError', message: 'The script engine failed.', stack: '' };
    }
    try {
      const { name, message, stack = '' } = error;
      return { name, message, stack: ownLines(stack) };
    } catch {
      return { name: 'InternalError', message: 'The script engine failed.', stack: '' };
    } finally {
      error.dispose();
    }
  }
}

function ownLines(stack: string): string {
  const own = stack.split('\n').filter((line) => line.includes(`${SCRIPT}:`));
  return own.map((line) => line.trim()).join('\n');
}
