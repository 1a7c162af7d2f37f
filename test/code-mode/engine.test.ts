import { describe, expect, it } from 'vitest';
import { SETUP, testEngine } from '../support/script-engine.ts';

describe('a script in its engine', () => {
  it('writes text, JSON of objects, and ends', async () => {
    using test = await testEngine();
    expect(
      test.run('text("a"); text({ b: [1] }); text(undefined); text(2n); text(Symbol("s"))'),
    ).toEqual({
      kind: 'completed',
    });
    expect(test.texts()).toEqual(['a', '{"b":[1]}', 'undefined', '2', 'Symbol(s)']);
  });

  it.each([
    ['a circular object', 'const a = {}; a.a = a; text(a)', 'TypeError'],
    ['a BigInt inside of an object', 'text({ n: 1n })', 'TypeError'],
    ['a getter that throws', 'text({ get a() { throw new RangeError("no") } })', 'RangeError'],
    ['an image that is not a URL of one', 'image("file:///etc/passwd")', 'TypeError'],
    ['a stored function', 'store("f", () => 1)', 'TypeError'],
    ['a stored undefined', 'store("u", undefined)', 'TypeError'],
    ['a key that is not a string', 'store(1, 1)', 'TypeError'],
  ])('fails with its own error for %s', async (_, source, name) => {
    using test = await testEngine();
    expect(test.run(source)).toMatchObject({ kind: 'failed', error: { name } });
  });

  it('tells where its error happened, by its own lines', async () => {
    using test = await testEngine();
    const state = test.run('function deep() {\n  throw new TypeError();\n}\n\ndeep();');
    expect(state).toMatchObject({ kind: 'failed', error: { name: 'TypeError' } });
    if (state.kind !== 'failed') return;
    expect(state.error.stack).toMatch(/^at deep \(script\.js:2:\d+\)\nat .*\(script\.js:5:\d+\)$/);
  });

  it.each([
    ['static', 'import fs from "node:fs"; text(fs)'],
    ['dynamic', 'await import("node:fs")'],
  ])('finds nothing by a %s import', async (_, source) => {
    using test = await testEngine();
    expect(test.run(source)).toMatchObject({ kind: 'failed', error: { name: 'ReferenceError' } });
  });

  it('fails where it waits for what can never happen', async () => {
    using test = await testEngine();
    const state = test.run('text("a"); await new Promise(() => {})');
    expect(state).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('never happen') },
    });
    expect(test.texts()).toEqual(['a']);
  });

  it('fails with a rejection that nothing handled', async () => {
    using test = await testEngine();
    expect(test.run('Promise.reject(new Error("lost")); text(1)')).toMatchObject({
      kind: 'failed',
      error: { name: 'UnhandledRejection', message: 'lost' },
    });
    using other = await testEngine();
    expect(other.run('const p = Promise.reject(1); await null; p.catch(() => {})')).toEqual({
      kind: 'completed',
    });
  });

  it('ends at exit(), and nothing after it counts', async () => {
    using test = await testEngine();
    const source =
      'text("a"); try { exit() } catch {} text("b"); tools.lookup({}).catch(() => {}); while (true);';
    expect(test.run(source)).toEqual({ kind: 'completed' });
    expect(test.events).toEqual([{ t: 'text', n: 0, text: 'a' }]);
  });

  it('treats its source as data', async () => {
    using test = await testEngine();
    expect(test.run('})(); text("no"); ((')).toMatchObject({
      kind: 'failed',
      error: { name: 'SyntaxError' },
    });
    expect(test.texts()).toEqual([]);
    using other = await testEngine();
    expect(other.run('text("__CODE_MODE_USER_CODE_PLACEHOLDER__ $& {1}")')).toEqual({
      kind: 'completed',
    });
    expect(other.texts()).toEqual(['__CODE_MODE_USER_CODE_PLACEHOLDER__ $& {1}']);
  });

  it('loads a copy of what is stored', async () => {
    using test = await testEngine();
    const source = `const seen = load("seen"); seen.n = 2; store("new", seen); seen.n = 3;
      text([load("seen"), load("new"), load("none"), load("__proto__")]);
      store("__proto__", { a: 1 }); text(load("__proto__"));`;
    expect(test.run(source)).toEqual({ kind: 'completed' });
    expect(test.texts()).toEqual(['[{"n":1},{"n":2},null,null]', '{"a":1}']);
    expect(test.events).toContainEqual({ t: 'store', key: 'new', json: '{"n":2}' });
  });

  it('has exactly these globals', async () => {
    using test = await testEngine();
    test.run('text(Object.getOwnPropertyNames(globalThis).sort().join(" "))');
    expect(test.texts()).toEqual([
      [
        'ALL_TOOLS AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array BigUint64Array Boolean',
        'DOMException DataView Date DisposableStack Error EvalError FinalizationRegistry Float16Array Float32Array',
        'Float64Array Function Infinity Int16Array Int32Array Int8Array InternalError Intl Iterator JSON Map Math NaN',
        'Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String',
        'SuppressedError Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray',
        'WeakMap WeakRef WeakSet atob btoa clearTimeout decodeURI decodeURIComponent encodeURI encodeURIComponent',
        'escape eval exit globalThis image isFinite isNaN load notify parseFloat parseInt queueMicrotask setTimeout',
        'store text tools undefined unescape yield_control',
      ].join(' '),
    ]);
  });
});

describe('a tool call', () => {
  it('waits for its answer, and gets it as a value', async () => {
    using test = await testEngine();
    expect(test.run('text(await tools.lookup({ key: "a" }))')).toEqual({ kind: 'waiting' });
    expect(test.events).toEqual([{ t: 'call', id: 1, tool: 'lookup', input: { key: 'a' } }]);
    expect(test.engine.deliver('[{"t":"answer","id":1,"value":{"rows":2}}]')).toEqual({
      kind: 'completed',
    });
    expect(test.texts()).toEqual(['{"rows":2}']);
  });

  it('throws the text of a tool that failed', async () => {
    using test = await testEngine();
    test.run(
      'try { await tools.files.read() } catch (error) { text([error.name, error.message, error instanceof Error]) }',
    );
    expect(test.events).toEqual([{ t: 'call', id: 1, tool: 'files.read', input: {} }]);
    test.engine.deliver('[{"t":"failure","id":1,"error":"no such file"}]');
    expect(test.texts()).toEqual(['["ToolError","no such file",true]']);
  });

  it.each([
    ['a function tool with a string', 'tools.lookup("a")', 'lookup takes an object.'],
    ['a function tool with an array', 'tools.lookup([])', 'lookup takes an object.'],
    ['a freeform tool with an object', 'tools.patch({})', 'patch takes a string.'],
    ['an input that JSON cannot hold', 'tools.lookup({ n: 1n })', 'BigInt'],
  ])('rejects %s and calls nothing', async (_, call, message) => {
    using test = await testEngine();
    expect(test.run(`await ${call}`)).toMatchObject({
      kind: 'failed',
      error: { name: 'TypeError', message: expect.stringContaining(message) },
    });
    expect(test.events).toEqual([]);
  });

  it('may be one of as many as are allowed at a time', async () => {
    using test = await testEngine();
    const state = test.run('await Promise.all(Array.from({ length: 11 }, () => tools.lookup()))');
    expect(state).toMatchObject({ kind: 'failed', error: { name: 'RangeError' } });
    expect(test.events).toHaveLength(10);
  });

  it('ignores answers that nobody waits for', async () => {
    using test = await testEngine();
    test.run('text(await tools.lookup())');
    expect(
      test.engine.deliver('[{"t":"answer","id":7,"value":1},{"t":"failure","id":-1,"error":""}]'),
    ).toEqual({
      kind: 'waiting',
    });
  });
});

describe('an endless script', () => {
  const DEADLINE = 500;
  it.each([
    ['loop', 'while (true) {}'],
    [
      'chain of microtasks',
      '(function again() { Promise.resolve().then(again) })(); await new Promise(() => {})',
    ],
    ['regular expression', '/(a+)+$/.test("a".repeat(40) + "b")'],
    ['callback of sort', '[3, 1, 2].sort(() => { while (true); })'],
    ['toJSON', 'text({ toJSON() { while (true); } })'],
    ['getter', 'text({ get a() { while (true); } })'],
    ['catch of its own end', 'for (;;) { try { while (true); } catch {} finally { continue } }'],
    ['await of a loop in a finally', 'try { await null } finally { while (true); }'],
    ['proxy trap', 'Object.keys(new Proxy({}, { ownKeys() { while (true); } }))'],
    [
      'segmenter',
      'const words = new Intl.Segmenter("ja", { granularity: "word" }); const text = "日本語 a".repeat(800); while (true) words.segment(text)',
    ],
    ['generator', 'for (const x of (function* () { while (true) yield 1 })());'],
  ])('is stopped in a %s', async (_, source) => {
    using test = await testEngine();
    test.stopAfter = DEADLINE;
    const started = performance.now();
    expect(test.run(source)).toEqual({ kind: 'stopped' });
    // The goal is 1.2 of the deadline; a busy machine gets more.
    expect(performance.now() - started).toBeLessThan(DEADLINE * 3);
  });
});

describe('memory', () => {
  it.each([
    ['strings', 'const all = []; for (let i = 0; ; i++) all.push("x".repeat(1e5) + i)'],
    ['typed arrays', 'const all = []; while (true) all.push(new Uint8Array(1e6))'],
    ['objects', 'const all = []; while (true) all.push({ a: [1, 2, 3] })'],
    ['one huge array', 'new Uint8Array(2 ** 31 - 1)'],
  ])('of %s is limited', async (_, source) => {
    using test = await testEngine({ limits: { ...SETUP.limits, heapBytes: 16 * 1024 * 1024 } });
    const before = process.memoryUsage().rss;
    expect(test.run(source)).toMatchObject({ kind: 'failed' });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  it.each([
    ['strings', '"x".repeat(1e6) + i'],
    ['typed arrays', 'new Uint8Array(1e6)'],
    ['shared memory', 'new SharedArrayBuffer(1e6)'],
  ])('of %s is as much as the limit says', async (_, value) => {
    using test = await testEngine({ limits: { ...SETUP.limits, heapBytes: 16 * 1024 * 1024 } });
    test.run(`const all = []; for (let i = 1; ; i++) { all.push(${value}); text(i); }`);
    // 16.8 of a million bytes each are 16 MiB, and the engine needs some for itself.
    const most = Number(test.texts().at(-1));
    expect(most).toBeGreaterThanOrEqual(12);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('of deep recursion ends as an error of the script', async () => {
    using test = await testEngine();
    expect(test.run('(function f() { f() })()')).toMatchObject({
      kind: 'failed',
      error: { name: 'RangeError' },
    });
  });

  it('of output is limited', async () => {
    using test = await testEngine({ limits: { ...SETUP.limits, outputBytes: 1_000 } });
    const state = test.run('for (;;) text("x".repeat(100))');
    expect(state).toMatchObject({ kind: 'failed', error: { name: 'RangeError' } });
    expect(test.texts().length).toBeLessThan(10);
  });
});

describe('an engine that gives up', () => {
  it('fails its script, and keeps its own words from it', async () => {
    // Not an error of the script: it comes out of the engine itself, as one of WebAssembly would.
    const words = 'unreachable, in file:///host/src/quickjs-engine.ts';
    let givesUp = false;
    using test = await testEngine({}, undefined, undefined, undefined, () => {
      if (givesUp) throw new Error(words);
    });
    givesUp = true;
    const state = test.run('try { for (;;); } catch (error) { store("seen", String(error)) }');
    expect(state).toEqual({
      kind: 'failed',
      error: { name: 'InternalError', message: 'The script engine failed.', stack: '' },
    });
    expect(test.events).toEqual([]);
  });
});

describe('a snapshot', () => {
  it('holds a pending call, a timer and every value', async () => {
    using test = await testEngine();
    const source = `let n = 1; const map = new Map([["k", n]]);
      setTimeout(() => { n += 10 }, 5_000);
      const answer = await tools.lookup({ key: "k" });
      text([answer, n, map.get("k")]);
      await new Promise((resolve) => setTimeout(resolve, 1));
      text(n);`;
    expect(test.run(source)).toEqual({ kind: 'waiting' });
    const bytes = test.engine.snapshot();
    expect(bytes.length).toBeLessThan(4 * 1024 * 1024);

    using restored = await testEngine({}, bytes);
    expect(restored.engine.deliver('[{"t":"resume"}]')).toEqual({ kind: 'waiting' });
    expect(restored.events).toEqual([{ t: 'pending', ids: [1] }]);
    expect([...restored.timers.keys()]).toEqual([1]);
    expect(restored.timers.get(1)).toBeGreaterThan(0);
    restored.engine.fire(1);
    restored.engine.deliver('[{"t":"answer","id":1,"value":"v"}]');
    expect(restored.engine.fire(2)).toEqual({ kind: 'completed' });
    expect(restored.texts()).toEqual(['["v",11,1]', '11']);
    expect(restored.events.filter(({ t }) => t === 'text')).toEqual([
      { t: 'text', n: 0, text: '["v",11,1]' },
      { t: 'text', n: 1, text: '11' },
    ]);
  });
});
