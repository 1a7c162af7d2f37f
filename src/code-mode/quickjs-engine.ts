import {
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

/** A snapshot begins with what has to be found again in the memory that follows. */
const TOKEN_BYTES = 4;

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
export function quickJs(module: WebAssembly.Module, prelude: string = PRELUDE): EngineKind {
  return {
    async create(setup, listener) {
      const host = new Host(listener, setup.limits);
      const vm = await QuickJS.create(optionsOf(module, setup.limits, host));
      return new QuickJsEngine(vm, host, installPrelude(vm, host, { prelude, setup }));
    },
    async restore(snapshot, limits, listener) {
      const host = new Host(listener, limits);
      const token = Buffer.from(snapshot.buffer, snapshot.byteOffset, TOKEN_BYTES).readUInt32LE(0);
      const memory = QuickJS.deserializeSnapshot(snapshot.subarray(TOKEN_BYTES));
      const vm = await QuickJS.restore(memory, optionsOf(module, limits, host));
      vm.registerHostCallback(SEND, host.callbacks(vm).send);
      vm.registerHostCallback(CONTROL, host.callbacks(vm).control);
      vm.registerHostCallback(ASK, host.callbacks(vm).ask);
      return new QuickJsEngine(vm, host, vm.importHandle(token));
    },
  };
}

function optionsOf(
  wasm: WebAssembly.Module,
  { heapBytes }: EngineLimits,
  host: Host,
): QuickJSOptions {
  return {
    wasm,
    memoryLimit: heapBytes,
    maxStackSize: STACK_BYTES,
    // UTC, as `Intl` has it: the machine's zone is not a script's business.
    timezoneOffset: 0,
    interruptHandler: () => host.isInterrupted(),
    onUnhandledRejection: (promise, reason, isHandled) => host.track(promise, reason, isHandled),
  };
}

function installPrelude(
  vm: QuickJS,
  host: Host,
  { prelude: source, setup }: { readonly prelude: string; readonly setup: GuestSetup },
): JSValueHandle {
  const { send, control, ask } = host.callbacks(vm);
  // A name that tells a script nothing: it sees it in the stacks of its errors.
  using prelude = vm.evalCode(source, '<code mode>');
  using sendHandle = vm.newFunction(SEND, send);
  using controlHandle = vm.newFunction(CONTROL, control);
  using askHandle = vm.newFunction(ASK, ask);
  using setupHandle = vm.newString(JSON.stringify(setup));
  return vm.callFunction(prelude, vm.undefined, sendHandle, controlHandle, askHandle, setupHandle);
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

  constructor(vm: QuickJS, host: Host, entry: JSValueHandle) {
    this.#vm = vm;
    this.#host = host;
    this.#entry = entry;
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
    const token = Buffer.alloc(TOKEN_BYTES);
    token.writeUInt32LE(this.#vm.exportHandle(this.#entry));
    return Buffer.concat([token, QuickJS.serializeSnapshot(this.#vm.snapshot())]);
  }

  dispose(): void {
    this.#vm.dispose();
  }

  #call(what: string, value: JSValueHandle): number {
    using name = this.#vm.newString(what);
    using left = this.#vm.callFunction(this.#entry, this.#vm.undefined, name, value);
    return left.toNumber();
  }

  /** Runs the script on; whatever it or the engine throws becomes a state. */
  #work(begin: () => void): EngineState {
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
