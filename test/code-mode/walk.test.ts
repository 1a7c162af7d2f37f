import { describe, expect, it } from 'vitest';
import { PRELUDE } from '../../src/code-mode/prelude.ts';
import { testEngine } from '../support/script-engine.ts';

/**
 * Places that a walk begins at: each helper, what it returns, what it throws, what a promise of it
 * rejects with, and what a script can make of them.
 */
const STARTS = `
  const starts = {};
  // What helpers hand to built-in functions that a script has replaced.
  const handed = [], put = Reflect.set, call = Reflect.apply, own = Object.getOwnPropertyDescriptor;
  const define = Object.defineProperty, undo = [];
  const spy = (holder, key) => {
    const original = own(holder, key);
    if (typeof original?.value !== 'function') return;
    const run = original.value;
    define(holder, key, { ...original, value: function (...args) {
      put(handed, handed.length, [this, args]);
      return call(run, this, args);
    } });
    undo[undo.length] = () => define(holder, key, original);
  };
  for (const [holder, keys] of [
    [Map.prototype, 'get set has delete forEach'], [WeakMap.prototype, 'get set'], [Array.prototype, 'push join map forEach slice'],
    [String.prototype, 'split includes startsWith trim'], [Promise.prototype, 'then catch'],
    [JSON, 'parse stringify'], [Function.prototype, 'call apply bind'], [Reflect, 'apply'],
    [Object, 'defineProperty freeze create keys'], [Date, 'now'],
  ]) for (const key of keys.split(' ')) spy(holder, key);
  handed.length = 0;
  text('a'); notify('b'); image('https://c'); store('d', { e: 1 }); load('d'); yield_control();
  clearTimeout(setTimeout(() => {}, 1e6)); setTimeout(() => {}, 1e6);
  new Intl.NumberFormat('en').format(1); (1).toLocaleString(); 'a'.localeCompare('b'); new Date(0).toLocaleString();
  [...new Intl.Segmenter('en').segment('a')]; new Intl.Locale('en').maximize();
  const spied = [tools.lookup({ f: 1 }), tools.patch('g')];
  try { text(globalThis.nothing?.x ?? {}) } catch {}
  await null;
  for (let i = 0; i < undo.length; i++) undo[i]();
  starts['what replaced built-ins were handed'] = handed;
  // The functions that a stack is made of, where an engine gives them.
  const onStack = [];
  Error.prepareStackTrace = (error, sites) => { onStack.push(sites.map((site) => site.getFunction())); return '' };
  try { text({ toJSON() { throw new Error('h') } }) } catch {}
  tools.lookup({ n: 1n }).catch(() => {});
  delete Error.prepareStackTrace;
  starts['functions on the stack'] = onStack;
  const thrownBy = (run) => { try { return run() } catch (error) { return error } };
  const circular = {}; circular.self = circular;
  const helpers = { text, image, notify, store, load, yield_control, setTimeout, clearTimeout, exit };
  for (const name in helpers) {
    starts[name] = helpers[name];
    starts[name + ' prototype'] = Object.getPrototypeOf(helpers[name]);
    starts[name + ' constructor'] = helpers[name].constructor;
    if (name === 'exit') continue;
    starts[name + ' returns'] = [thrownBy(() => helpers[name]('data:image/png;base64,AA==', 1))];
    starts[name + ' without input'] = thrownBy(() => helpers[name]());
    starts[name + ' of a cycle'] = thrownBy(() => helpers[name](circular, circular));
    starts[name + ' of a symbol'] = thrownBy(() => helpers[name](Symbol('s'), Symbol('s')));
    starts[name + ' as a constructor'] = thrownBy(() => Reflect.construct(helpers[name], [1]));
    starts[name + ' with a this'] = thrownBy(() => helpers[name].call(globalThis, {}));
    starts[name + ' with a proxy'] = thrownBy(() => helpers[name](new Proxy({}, {}), new Proxy({}, {})));
  }
  starts.tools = tools; starts.ALL_TOOLS = ALL_TOOLS; starts.globalThis = globalThis;
  starts['a tool'] = tools.lookup; starts['a namespace'] = tools.files; starts['a nested tool'] = tools.files.read;
  starts['a promise'] = tools.lookup({});
  starts['an answer'] = await answered;
  starts['a failure'] = await failed.catch((error) => error);
  starts['a refusal'] = await tools.patch({}).catch((error) => error);
  starts['a bad input'] = await tools.lookup({ n: 1n }).catch((error) => error);
  starts['an import'] = await import('node:fs').catch((error) => error);
  starts['a parse error'] = thrownBy(() => JSON.parse('{'));
  starts['an eval error'] = thrownBy(() => (0, eval)('}{'));
  starts['a function'] = thrownBy(() => Function('return this')());
  starts['a generator'] = (function* () {})(); starts['an async function'] = async () => {};
  starts['an async generator'] = (async function* () {})();
  starts['a deep error'] = thrownBy(() => (function deep() { deep() })());
  starts['a big array'] = thrownBy(() => new Array(-1));
  starts['an error'] = new Error('mine'); starts['a loaded value'] = load('seen');
  starts['import.meta'] = import.meta;
  starts.Intl = Intl;
  const kinds = ['Collator', 'DateTimeFormat', 'ListFormat', 'NumberFormat', 'PluralRules', 'RelativeTimeFormat', 'Segmenter'];
  for (const kind of kinds) {
    starts['Intl.' + kind] = Intl[kind];
    const made = starts['an Intl.' + kind] = new Intl[kind]('en');
    starts['options of an Intl.' + kind] = made.resolvedOptions();
    starts['a refusal of Intl.' + kind] = thrownBy(() => new Intl[kind]('no such'));
    starts['another this of Intl.' + kind] = thrownBy(() => made.resolvedOptions.call({}));
  }
  starts['parts'] = new Intl.NumberFormat().formatToParts(1); starts['segments'] = new Intl.Segmenter().segment('a b');
  starts['an iterator of segments'] = starts.segments[Symbol.iterator](); starts['a locale'] = new Intl.Locale('en-GB');
  starts['a weak reference'] = new WeakRef({}); starts['a date'] = new Date(); starts['a regular expression'] = /a/;
`;

/** Goes wherever properties, accessors and prototypes lead, and tells what it met. */
const WALK = `
  const native = new Set(), strings = new Set(), functions = new Set(), strange = [];
  const seen = new Set();
  const look = (value, path) => {
    if (typeof value === 'string') { strings.add(value); return }
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return;
    if (seen.has(value)) return;
    seen.add(value);
    if (typeof value === 'function') {
      const source = Function.prototype.toString.call(value);
      if (source.includes('[native code]')) native.add(String(value.name));
      functions.add(String(value.name));
    }
    let end = value;
    while (Object.getPrototypeOf(end) !== null) end = Object.getPrototypeOf(end);
    if (end !== Object.prototype && Object.getPrototypeOf(value) !== null) strange.push(path);
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === 'string') strings.add(key);
      const { get, set, value: inner } = Reflect.getOwnPropertyDescriptor(value, key) ?? {};
      const at = path + '.' + String(key);
      look(get, at + ' get'); look(set, at + ' set'); look(inner, at);
      if (get !== undefined) { try { look(get.call(value), at) } catch (error) { look(error, at + ' throws') } }
    }
    // The stack of an error is an accessor of its prototype, which answers for the error alone.
    if (value instanceof Error) look(value.stack, path + '.stack');
    look(Object.getPrototypeOf(value), path + '.__proto__');
  };
  const names = Object.keys(starts);
  for (const name of names) look(starts[name], name);
  out({ starts: names.length, native: [...native].sort(), functions: [...functions], strings: [...strings], strange, handed: handed.length });
`;

interface Met {
  readonly starts: number;
  readonly native: readonly string[];
  readonly strings: readonly string[];
  readonly strange: readonly string[];
  readonly functions: readonly string[];
  readonly handed: number;
}

/** Functions of the prelude that are not for scripts. */
const INNER = [
  'callTool',
  'emit',
  'show',
  'finish',
  'fail',
  'receive',
  'describeThrown',
  'askIntl',
  'own',
  'wireNumber',
];

async function walk(prelude?: string): Promise<Met> {
  const limits = { heapBytes: 64 * 1024 * 1024, outputBytes: 16 * 1024 * 1024, pending: 10 };
  using test = await testEngine({ limits }, undefined, prelude);
  const source = `const out = text; const answered = tools.lookup({}), failed = tools.lookup({});
    ${STARTS} ${WALK}`;
  expect(test.run(source)).toEqual({ kind: 'waiting' });
  const state = test.engine.deliver(
    '[{"t":"answer","id":1,"value":{"__proto__":{"a":1},"rows":[1]}},{"t":"failure","id":2,"error":"no"}]',
  );
  expect(state).toMatchObject({ kind: 'completed' });
  return JSON.parse(test.texts().at(-1) ?? '') as Met;
}

/** Words that only the host has. */
const OF_THE_HOST = /node:(?!fs)|file:\/\/|node_modules|\.ts\b|[\\/]src[\\/]|[\\/]dist[\\/]|wasm/;

describe('a walk from all that a script can reach', () => {
  it('meets the engine’s own objects alone', async () => {
    const { starts, native, strings, strange, functions, handed } = await walk();
    expect(starts).toBeGreaterThanOrEqual(60);
    expect(strange).toEqual([]);
    expect(strings.filter((text) => OF_THE_HOST.test(text))).toEqual([]);
    expect(native).not.toContain('send');
    expect(native).not.toContain('control');
    expect(native).not.toContain('ask');
    expect(functions.filter((name) => INNER.includes(name))).toEqual([]);
    expect(handed).toBe(0);
  });

  it.each([
    [
      'a helper that carries the host’s function',
      'yield_control() {',
      'spare: send, yield_control() {',
      'send',
    ],
    [
      'the host’s function as a property',
      'delete globalThis.performance;',
      'globalThis.raw = control;',
      'control',
    ],
    [
      'an error that carries it',
      'class ToolError extends NativeError {}',
      'class ToolError extends NativeError { host = send }',
      'send',
    ],
    ['Intl that carries it', 'const Intl = {};', 'const Intl = { ask };', 'ask'],
  ])('is red for %s', async (_, guard, hole, name) => {
    expect(PRELUDE).toContain(guard);
    const prelude = PRELUDE.replace(guard, hole).replace(
      'const tools = create(null);',
      'const tools = {};',
    );
    const met = await walkLoosely(prelude);
    expect(met).toContain(name);
  });

  it.each([
    ['the functions on a stack', 'delete NativeError.prepareStackTrace;', '', 'callTool'],
    [
      'a map that the helpers ask',
      'const get = uncurry(Map.prototype.get)',
      'const get = (map, key) => map.get(key)',
      'handed',
    ],
    [
      'an URL that they look at',
      'startsWith = uncurry(NativeString.prototype.startsWith)',
      'startsWith = (text, part) => text.startsWith(part)',
      'handed',
    ],
    [
      'a map that Intl asks',
      'stateOf = uncurry(WeakMap.prototype.get)',
      'stateOf = (map, key) => map.get(key)',
      'handed',
    ],
    ['JSON that they write', 'stringify(event)', 'JSON.stringify(event)', 'handed'],
    [
      'what hears of a script’s end',
      'then(value, finish, fail)',
      'value.then(finish, fail)',
      'finish',
    ],
  ])('is red where a script can have %s', async (_, guard, hole, name) => {
    expect(PRELUDE).toContain(guard);
    const { functions, handed } = await walk(PRELUDE.replace(guard, hole));
    expect([...functions, ...(handed > 0 ? ['handed'] : [])]).toContain(name);
  });

  /** With a hole the script's own output may not work: the walk tells through the last store. */
  async function walkLoosely(prelude: string): Promise<readonly string[]> {
    const limits = { heapBytes: 64 * 1024 * 1024, outputBytes: 16 * 1024 * 1024, pending: 10 };
    using test = await testEngine({ limits }, undefined, prelude);
    const source = `const out = (met) => store('met', met.native);
      const answered = tools.lookup({}), failed = tools.lookup({}); ${STARTS} ${WALK}`;
    test.run(source);
    test.engine.deliver('[{"t":"answer","id":1,"value":{}},{"t":"failure","id":2,"error":"no"}]');
    const store = test.events.findLast((event) => event.t === 'store');
    return store?.t === 'store' ? (JSON.parse(store.json) as string[]) : [];
  }
});

describe('what a script puts on Object.prototype', () => {
  it.each([
    ['undefined', 'undefined'],
    ['an event of its own', '({ t: "call", id: 7, tool: "other", input: {} })'],
  ])('does not write its events: a toJSON that gives %s', async (_, value) => {
    using test = await testEngine();
    const source = `Object.prototype.toJSON = () => ${value}; text("a"); store("k", 1); yield_control(); null.x`;
    expect(test.run(source)).toMatchObject({ kind: 'failed', error: { name: 'TypeError' } });
    expect(test.events).toEqual([
      { t: 'text', n: 0, text: 'a' },
      { t: 'store', key: 'k', json: '1' },
      { t: 'yield' },
    ]);
  });
});

describe('an error of the host’s side', () => {
  it('reaches the host, and never the script', async () => {
    const told = new Error('of the host, at /src/host.ts');
    using test = await testEngine({}, undefined, PRELUDE, () => {
      throw told;
    });
    expect(() =>
      test.run('try { text("a") } catch (error) { store("seen", error.message + error.stack) }'),
    ).toThrow(told);
    expect(test.events).toEqual([]);
  });
});
