import { INTL_PRELUDE } from './intl-prelude.ts';

/**
 * What a script finds in its engine. This text runs *inside* the engine before the script does:
 * every object that a script can reach is made here, by the engine itself. The host gives it three
 * functions that take and return plain text and numbers, `send`, `control` and `ask`, and gets one
 * back.
 * It keeps the built-in functions that it uses, so that a script that changes them changes only
 * itself.
 */
export const PRELUDE = String.raw`
(function (send, control, ask) {
  'use strict';
  const { parse, stringify } = JSON;
  const { defineProperty, freeze, create } = Object;
  const { isArray } = Array;
  const NativeError = Error, NativeTypeError = TypeError, NativeRangeError = RangeError;
  const NativePromise = Promise, NativeString = String, now = Date.now;
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const get = uncurry(Map.prototype.get), put = uncurry(Map.prototype.set);
  const has = uncurry(Map.prototype.has), drop = uncurry(Map.prototype.delete);
  const each = uncurry(Map.prototype.forEach), then = uncurry(NativePromise.prototype.then);
  const push = uncurry(Array.prototype.push), apply = Reflect.apply;
  const split = uncurry(NativeString.prototype.split), includes = uncurry(NativeString.prototype.includes);
  const startsWith = uncurry(NativeString.prototype.startsWith), join = uncurry(Array.prototype.join);
  const trim = uncurry(NativeString.prototype.trim);

  const calls = new Map(), timers = new Map(), stored = new Map();
  let callCount = 0, pendingCalls = 0, timerCount = 0, pendingTimers = 0, items = 0, over = false;
  /** Of one script. All else here is the same for every script, and may be done before there is one. */
  let limits;

  class ToolError extends NativeError {}
  defineProperty(ToolError.prototype, 'name', { value: 'ToolError', configurable: true, writable: true });

  function show(value) {
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null) {
      const text = stringify(value);
      return text === undefined ? 'undefined' : text;
    }
    return NativeString(value);
  }

  // Events have no prototype: a toJSON that a script puts on Object.prototype would write them.
  function emit(event) {
    if (over) return;
    if (!send(stringify(event))) {
      throw new NativeRangeError('The script has written more output than it may (' + limits.outputBytes + ' bytes).');
    }
  }

  function callTool(tool, input) {
    if (tool.kind === 'freeform') {
      if (typeof input !== 'string') throw new NativeTypeError(tool.name + ' takes a string.');
    } else if (input === undefined) {
      input = {};
    } else if (typeof input !== 'object' || input === null || isArray(input)) {
      throw new NativeTypeError(tool.name + ' takes an object.');
    }
    if (over) throw new NativeError('The script has ended.');
    if (pendingCalls >= limits.pending) {
      throw new NativeRangeError('More than ' + limits.pending + ' tool calls are pending: await some of them first.');
    }
    const json = stringify(input);
    if (json === undefined) throw new NativeTypeError('The input of ' + tool.name + ' is not JSON.');
    const id = ++callCount;
    return new NativePromise((resolve, reject) => {
      put(calls, id, { resolve, reject });
      pendingCalls++;
      send('{"t":"call","id":' + id + ',"tool":' + stringify(tool.name) + ',"input":' + json + '}');
    });
  }

  function describeThrown(thrown) {
    try {
      if (!(thrown instanceof NativeError)) return { __proto__: null, name: 'Error', message: show(thrown), stack: '' };
      const own = [];
      const lines = split(NativeString(thrown.stack), '\n');
      for (let i = 0; i < lines.length; i++) {
        if (includes(lines[i], 'script.js:')) push(own, trim(lines[i]));
      }
      return { __proto__: null, name: NativeString(thrown.name), message: NativeString(thrown.message), stack: join(own, '\n') };
    } catch {
      return { __proto__: null, name: 'Error', message: 'The script threw a value that cannot be shown.', stack: '' };
    }
  }

  function finish() {
    if (over) return;
    over = true;
    control('completed');
  }

  function fail(thrown) {
    if (over) return;
    const error = describeThrown(thrown);
    over = true;
    control('failed', stringify(error));
  }

  const api = {
    text(value) {
      emit({ __proto__: null, t: 'text', n: items, text: show(value) });
      items++;
    },
    image(value) {
      let url = value;
      if (typeof value === 'object' && value !== null) {
        // Upstream's two other forms: {image_url}, and a content block of an MCP tool; and a part of a tool's result.
        url = value.type !== 'image' ? value.image_url : value.url !== undefined ? value.url : 'data:' + value.mimeType + ';base64,' + value.data;
      }
      if (typeof url !== 'string' || !(startsWith(url, 'data:image/') || startsWith(url, 'https://'))) {
        throw new NativeTypeError('image() takes a data:image/... or https:// URL.');
      }
      emit({ __proto__: null, t: 'image', n: items, url });
      items++;
    },
    notify(value) {
      emit({ __proto__: null, t: 'notify', n: items, text: show(value) });
      items++;
    },
    store(key, value) {
      if (typeof key !== 'string') throw new NativeTypeError('store() takes a string as its key.');
      const json = stringify(value);
      if (json === undefined) throw new NativeTypeError('store() takes a value that JSON can hold.');
      put(stored, key, json);
      emit({ __proto__: null, t: 'store', key, json });
    },
    load(key) {
      if (typeof key !== 'string') throw new NativeTypeError('load() takes a string as its key.');
      return has(stored, key) ? parse(get(stored, key)) : undefined;
    },
    yield_control() {
      emit({ __proto__: null, t: 'yield' });
    },
    exit() {
      finish();
      control('exit');
      // The engine stops the script soon; until then nothing that it does has an effect.
      throw new NativeError('The script has ended.');
    },
    setTimeout(callback, delay, ...values) {
      if (typeof callback !== 'function') throw new NativeTypeError('setTimeout() takes a function.');
      if (pendingTimers >= limits.pending) {
        throw new NativeRangeError('More than ' + limits.pending + ' timers are pending.');
      }
      const id = ++timerCount;
      const ms = typeof delay === 'number' && delay > 0 ? (delay > 2147483647 ? 2147483647 : delay) : 0;
      put(timers, id, { callback, values, due: now() + ms });
      pendingTimers++;
      control('timer', id, ms);
      return id;
    },
    clearTimeout(id) {
      if (!drop(timers, id)) return;
      pendingTimers--;
      control('clear', id, 0);
    },
  };
  for (const name in api) {
    // A plain function each: methods of an object would carry it along as their home.
    defineProperty(globalThis, name, { value: api[name], writable: true, configurable: true, enumerable: true });
  }

  function begin(setup) {
    limits = setup.limits;
    for (let i = 0; i < setup.stored.length; i++) put(stored, setup.stored[i][0], setup.stored[i][1]);
    const tools = create(null);
    const all = [];
    for (let i = 0; i < setup.tools.length; i++) {
      const tool = setup.tools[i];
      let place = tools;
      for (let j = 0; j < tool.path.length - 1; j++) {
        const step = tool.path[j];
        const inner = Object.getOwnPropertyDescriptor(place, step);
        if (inner === undefined) {
          defineProperty(place, step, { value: create(null), enumerable: true });
        }
        place = place[step];
      }
      const run = (input) => {
        try {
          return callTool(tool, input);
        } catch (error) {
          return NativePromise.reject(error);
        }
      };
      defineProperty(place, tool.path[tool.path.length - 1], { value: run, enumerable: true });
      push(all, freeze({ name: join(tool.path, '.'), description: tool.description }));
    }
    defineProperty(globalThis, 'tools', { value: tools, enumerable: true });
    defineProperty(globalThis, 'ALL_TOOLS', { value: freeze(all), enumerable: true });
  }
  ${INTL_PRELUDE}
  // What a script could only use to find out about its host's clock, or not at all here.
  delete globalThis.performance;
  // It is given the functions on the stack, and with them the inner ones of this text.
  delete NativeError.prepareStackTrace;

  function receive(message) {
    if (message.t === 'stored') {
      put(stored, message.key, message.json);
      return;
    }
    if (message.t === 'resume') {
      const ids = [];
      each(calls, (_, id) => push(ids, id));
      send('{"t":"pending","ids":[' + join(ids, ',') + ']}');
      each(timers, ({ due }, id) => {
        const left = due - now();
        control('timer', id, left > 0 ? left : 0);
      });
      return;
    }
    const call = get(calls, message.id);
    if (call === undefined) return;
    drop(calls, message.id);
    pendingCalls--;
    if (message.t === 'answer') call.resolve(message.value);
    else call.reject(new ToolError(message.error));
  }

  return function (what, value) {
    if (what === 'deliver') {
      const messages = parse(value);
      for (let i = 0; i < messages.length; i++) receive(messages[i]);
    } else if (what === 'fire') {
      const timer = get(timers, value);
      if (timer === undefined) return 0;
      drop(timers, value);
      pendingTimers--;
      try {
        apply(timer.callback, undefined, timer.values);
      } catch (error) {
        fail(error);
      }
    } else if (what === 'setup') {
      begin(parse(value));
    } else if (what === 'run') {
      then(value, finish, fail);
    }
    return pendingCalls + pendingTimers;
  };
})
`;
