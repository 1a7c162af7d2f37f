import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
// The build: a script host is a program of its own.
import { CodeMode, type CodeModeOptions, type CodeModeTool } from '../../dist/code-mode/index.js';
import { tempDir } from '../support/temp-dir.ts';

const lookup: CodeModeTool = {
  name: 'lookup',
  description: 'Looks a key up.',
  run: async ({ key }: { key: string }) => ({ key, rows: key.length }),
};

const later = (ms: number): CodeModeTool => ({
  name: 'later',
  run: (_: object, { signal }) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve('late'), ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(new Error('not wanted any more'));
      });
    }),
});

const start = (options: CodeModeOptions = {}) => CodeMode.start({ tools: [lookup], ...options });
const texts = (items: readonly { type: string }[]) =>
  items.map((item) => ('text' in item ? item.text : item.type));

describe('exec', () => {
  it('runs a script to its end', async () => {
    await using codeMode = await start();
    const result = await codeMode.exec('text("a"); image("data:image/png;base64,AA==")');
    expect(result).toMatchObject({
      status: 'completed',
      items: [
        { type: 'text', text: 'a' },
        { type: 'image', url: 'data:image/png;base64,AA==' },
      ],
    });
    expect(result.wallMs).toBeGreaterThan(0);
  });

  it('answers calls side by side, and gives failures as exceptions', async () => {
    let atOnce = 0;
    let most = 0;
    const tool: CodeModeTool = {
      name: 'slow',
      run: async ({ fails }: { fails?: boolean }) => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 50));
        atOnce -= 1;
        if (fails) throw new Error('no such row');
        return { ok: true };
      },
    };
    await using codeMode = await start({ tools: [tool] });
    const source = `const all = await Promise.allSettled([tools.slow(), tools.slow({ fails: true }), tools.slow()]);
      text(all.map(({ value, reason }) => value ?? String(reason)))`;
    const { items } = await codeMode.exec(source);
    expect(texts(items)).toEqual(['[{"ok":true},"ToolError: no such row",{"ok":true}]']);
    expect(most).toBe(3);
  });

  it.each([
    ['a BigInt', () => 1n],
    [
      'a cycle',
      () => {
        const a: Record<string, unknown> = {};
        a.a = a;
        return a;
      },
    ],
    ['a function', () => () => 1],
    [
      'a throwing toJSON',
      () => ({
        toJSON() {
          throw new Error('no JSON');
        },
      }),
    ],
    [
      'a value that throws when it is shown',
      () => {
        throw {
          toString() {
            throw new Error('no');
          },
        };
      },
    ],
  ])('tells a script of a tool that gives %s', async (_, run) => {
    await using codeMode = await start({ tools: [{ name: 'odd', run }] });
    const { status, items } = await codeMode.exec(
      'try { await tools.odd(); text("no") } catch (error) { text(error.name) }',
    );
    expect([status, ...texts(items)]).toEqual(['completed', 'ToolError']);
  });

  it('lets a freeform tool write a file', async () => {
    const path = join(await tempDir(), 'file');
    const tool: CodeModeTool = {
      name: 'write',
      kind: 'freeform',
      run: async (input: string) => {
        await writeFile(path, input);
        return 'written';
      },
    };
    await using codeMode = await start({ tools: [tool] });
    const { items } = await codeMode.exec('text(await tools.write("*** é $& {1}\\n"))');
    expect(texts(items)).toEqual(['written']);
    expect(await readFile(path, 'utf8')).toBe('*** é $& {1}\n');
  });

  it('calls tools with names that objects have', async () => {
    const named = (name: string, namespace?: string): CodeModeTool => ({
      name,
      ...(namespace !== undefined && { namespace }),
      run: () => `${namespace ?? ''}.${name}`,
    });
    const tools = [
      named('__proto__'),
      named('constructor'),
      named('toString', 'hasOwnProperty'),
      named('__proto__', 'valueOf'),
    ];
    await using codeMode = await start({ tools });
    const { items } = await codeMode.exec(
      'text(await Promise.all([tools.__proto__(), tools.constructor(), tools.hasOwnProperty.toString(), tools.valueOf.__proto__()]))',
    );
    expect(texts(items)).toEqual([
      '[".__proto__",".constructor","hasOwnProperty.toString","valueOf.__proto__"]',
    ]);
  });

  it('keeps what was written before an error', async () => {
    await using codeMode = await start();
    const result = await codeMode.exec('text("before"); null.x');
    expect(result).toMatchObject({
      status: 'failed',
      error: { name: 'TypeError', reason: 'script' },
    });
    expect(texts(result.items)).toEqual(['before']);
  });

  it('stops a cell whose time is over', async () => {
    await using codeMode = await start({ limits: { cellMs: 300 } });
    expect(await codeMode.exec('while (true) {}')).toMatchObject({
      status: 'failed',
      error: { name: 'TimeoutError', reason: 'time' },
    });
  });

  it('is terminated by its signal', async () => {
    await using codeMode = await start();
    const result = await codeMode.exec('text("a"); while (true) {}', {
      signal: AbortSignal.timeout(300),
    });
    expect(result.status).toBe('terminated');
    await expect(codeMode.exec('text(1)', { signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it('takes as many cells as are allowed', async () => {
    await using codeMode = await start({ tools: [later(60_000)], limits: { cells: 2 } });
    const waiting = () => codeMode.exec('await tools.later()', { yieldMs: 10 });
    const [first] = [await waiting(), await waiting()];
    await expect(waiting()).rejects.toMatchObject({ code: 'TOO_MANY_CELLS' });
    await codeMode.wait(first.cellId, { terminate: true });
    expect((await waiting()).status).toBe('running');
  });

  it('gives 20,000 items and one huge one', async () => {
    await using codeMode = await start({ limits: { outputBytes: 8 * 1024 * 1024 } });
    const { items } = await codeMode.exec(
      'for (let i = 0; i < 20_000; i++) text(i); text("é".repeat(1e6))',
    );
    expect(items).toHaveLength(20_001);
    expect(items.at(-1)).toMatchObject({ text: 'é'.repeat(1e6) });
  });
});

describe('wait', () => {
  it('gives what is new, until the end', async () => {
    await using codeMode = await start({ tools: [later(300)] });
    const source = 'text("1"); yield_control(); text(await tools.later()); text("3")';
    const first = await codeMode.exec(source);
    expect([first.status, ...texts(first.items)]).toEqual(['running', '1']);
    const last = await codeMode.wait(first.cellId);
    expect([last.status, ...texts(last.items)]).toEqual(['completed', 'late', '3']);
    await expect(codeMode.wait(first.cellId)).rejects.toMatchObject({ code: 'UNKNOWN_CELL' });
  });

  it('resumes twice', async () => {
    await using codeMode = await start({ tools: [later(20)] });
    const source =
      'for (let i = 0; i < 3; i++) { text(i); yield_control(); await tools.later() } text("end")';
    const seen = [];
    let result = await codeMode.exec(source);
    for (; result.status === 'running'; result = await codeMode.wait(result.cellId))
      seen.push(texts(result.items));
    seen.push(texts(result.items));
    expect(seen.flat()).toEqual(['0', '1', '2', 'end']);
  });

  it('terminates a busy loop, and the next script runs', async () => {
    await using codeMode = await start();
    const first = await codeMode.exec('text("on time"); while (true) {}', { yieldMs: 2_000 });
    expect([first.status, ...texts(first.items)]).toEqual(['running', 'on time']);
    expect((await codeMode.wait(first.cellId, { terminate: true })).status).toBe('terminated');
    expect((await codeMode.exec('text(1)')).status).toBe('completed');
  });

  it('keeps two scripts apart', async () => {
    await using codeMode = await start({ tools: [later(200)] });
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) =>
        codeMode.exec(`text(await tools.later() + " ${name}")`, { yieldMs: 20 }),
      ),
    );
    expect(texts((await codeMode.wait(b?.cellId ?? '')).items)).toEqual(['late b']);
    expect(texts((await codeMode.wait(a?.cellId ?? '')).items)).toEqual(['late a']);
  });

  it('counts neither calls nor stored values as output', async () => {
    await using codeMode = await start({ limits: { outputBytes: 1_000 } });
    const { status, items } = await codeMode.exec(
      `for (let n = 0; n < 50; n++) await tools.lookup({ key: "k".repeat(50) });
      store("big", "v".repeat(5_000)); text(load("big").length);
      try { text("v".repeat(2_000)); } catch { await tools.lookup({ key: "k" }); }`,
    );
    expect([status, texts(items)]).toEqual(['completed', ['5000']]);
  });

  it('takes whole what eight scripts write at once', async () => {
    await using codeMode = await start();
    const source = (name: string) =>
      `for (let n = 0; n < 30; n++) { text("${name}".repeat(30_000)); await tools.lookup({ key: "k" }); }`;
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const results = await Promise.all(names.map((name) => codeMode.exec(source(name))));
    for (const [at, name] of names.entries()) {
      expect(results[at]?.status).toBe('completed');
      expect(new Set(texts(results[at]?.items ?? []))).toEqual(new Set([name.repeat(30_000)]));
    }
  });

  it('gives the result of a script that ended before it was terminated', async () => {
    await using codeMode = await start({ tools: [later(50)] });
    const { cellId } = await codeMode.exec('text(await tools.later()); store("over", 1)', {
      yieldMs: 1,
    });
    while (codeMode.stored.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await codeMode.wait(cellId, { terminate: true })).toMatchObject({ status: 'completed' });
  });

  it('refuses an unknown cell, and a second wait', async () => {
    await using codeMode = await start({ tools: [later(400)] });
    for (const id of ['99', '__proto__', '', '1e0', '-1']) {
      await expect(codeMode.wait(id)).rejects.toMatchObject({ code: 'UNKNOWN_CELL' });
    }
    const { cellId } = await codeMode.exec('await tools.later()', { yieldMs: 1 });
    const waiting = codeMode.wait(cellId);
    await expect(codeMode.wait(cellId)).rejects.toMatchObject({ code: 'CELL_BUSY' });
    expect((await waiting).status).toBe('completed');
  });

  it('ends by its signal, and the script goes on', async () => {
    await using codeMode = await start({ tools: [later(500)] });
    const { cellId } = await codeMode.exec('text(await tools.later())', { yieldMs: 1 });
    expect((await codeMode.wait(cellId, { signal: AbortSignal.abort() })).status).toBe('running');
    expect((await codeMode.wait(cellId)).status).toBe('completed');
  });

  it('aborts the calls of a script that has ended', async () => {
    let isAborted = false;
    const tool: CodeModeTool = {
      name: 'hang',
      run: (_: object, { signal }) => {
        signal.addEventListener('abort', () => (isAborted = true));
        return new Promise(() => undefined);
      },
    };
    await using codeMode = await start({ tools: [tool] });
    expect((await codeMode.exec('tools.hang(); text("done")')).status).toBe('completed');
    expect(isAborted).toBe(true);
  });
});

describe('stored values', () => {
  it('outlive errors, termination, unknown cells and the host', async () => {
    await using codeMode = await start();
    await codeMode.exec('store("a", 1); null.x');
    const busy = await codeMode.exec('store("b", { c: 2 }); yield_control(); while (true) {}');
    await codeMode.wait(busy.cellId, { terminate: true });
    await expect(codeMode.wait('99')).rejects.toThrow();
    process.kill(codeMode.hostPid ?? 0, 'SIGKILL');
    const { items } = await codeMode.exec('text([load("a"), load("b"), load("c")])');
    expect(texts(items)).toEqual(['[1,{"c":2},null]']);
    expect(codeMode.stored).toEqual([
      ['a', '1'],
      ['b', '{"c":2}'],
    ]);
  });

  it('of two cells at once are all kept, and each sees the other’s', async () => {
    await using codeMode = await start({ tools: [later(300)] });
    const [a, b] = await Promise.all([
      codeMode.exec('store("a", 1); await tools.later(); text(load("b"))'),
      codeMode.exec('store("b", 2); await tools.later(); text(load("a"))'),
    ]);
    expect([texts(a.items), texts(b.items)]).toEqual([['2'], ['1']]);
    expect(codeMode.stored.length).toBe(2);
  });

  it('have a limit, and what was stored stays', async () => {
    await using codeMode = await start({ limits: { storedBytes: 100 } });
    const result = await codeMode.exec(
      'store("a", 1); store("b", "x".repeat(200)); await new Promise((r) => setTimeout(r, 5_000))',
    );
    expect(result).toMatchObject({ status: 'failed', error: { name: 'RangeError' } });
    expect(codeMode.stored).toEqual([['a', '1']]);
  });
});

describe('the host', () => {
  it('is started anew for the next script, which runs', async () => {
    let isCalled: () => void = () => undefined;
    const called = new Promise<void>((resolve) => (isCalled = resolve));
    const tool: CodeModeTool = {
      name: 'hang',
      run: () => {
        isCalled();
        return new Promise(() => undefined);
      },
    };
    await using codeMode = await start({ tools: [tool] });
    const first = codeMode.exec('await tools.hang()');
    await called;
    process.kill(codeMode.hostPid ?? 0, 'SIGKILL');
    expect(await first).toMatchObject({
      status: 'failed',
      error: { name: 'HostError', reason: 'host' },
    });
    expect(await codeMode.exec('text("again")')).toMatchObject({ status: 'completed' });
  });

  it('may die before a script has done anything: the script begins again', async () => {
    await using codeMode = await start();
    process.kill(codeMode.hostPid ?? 0, 'SIGKILL');
    expect(await codeMode.exec('text("ran")')).toMatchObject({ status: 'completed' });
  });

  it('may die under a yielded script: it goes on with a pending call and a timer', async () => {
    let calls = 0;
    const tool: CodeModeTool = {
      name: 'once',
      run: async () => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 700));
        return calls;
      },
    };
    await using codeMode = await start({ tools: [tool] });
    const source = `let ticks = 0; const timer = new Promise((resolve) => setTimeout(() => { ticks++; resolve() }, 900));
      text("before"); yield_control(); text("call " + await tools.once()); await timer; text("ticks " + ticks);`;
    const { cellId, items } = await codeMode.exec(source);
    expect(texts(items)).toEqual(['before']);
    process.kill(codeMode.hostPid ?? 0, 'SIGKILL');
    const result = await codeMode.wait(cellId);
    expect([result.status, ...texts(result.items)]).toEqual(['completed', 'call 1', 'ticks 1']);
    expect(calls).toBe(1);
  });

  it('runs no tool twice where a restored script makes its calls again', async () => {
    const keys: string[] = [];
    const tool: CodeModeTool = {
      name: 'note',
      run: async ({ key }: { key: string }) => {
        keys.push(key);
        return key;
      },
    };
    await using codeMode = await start({ tools: [tool, later(600)] });
    const source = `yield_control(); await new Promise((resolve) => setTimeout(resolve, 200));
      for (const key of ["a", "b", "c"]) text(await tools.note({ key }));
      await tools.later(); text("end");`;
    const { cellId } = await codeMode.exec(source);
    while (keys.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(codeMode.hostPid ?? 0, 'SIGKILL');
    const result = await codeMode.wait(cellId);
    expect([result.status, ...texts(result.items)]).toEqual(['completed', 'a', 'b', 'c', 'end']);
    expect(keys).toEqual(['a', 'b', 'c']);
  });

  it.runIf(process.platform === 'linux').each([
    ['strings', '"x".repeat(1e6) + i'],
    ['typed arrays', 'new Uint8Array(1e6).fill(1)'],
  ])('takes at most 100 MB for a script that fills its 64 MB with %s', async (_, value) => {
    await using codeMode = await start();
    // The engine of a first script is there already; only what values need counts.
    await codeMode.exec('text(1)');
    const before = await peakMb(codeMode.hostPid);
    const result = await codeMode.exec(
      `const all = []; for (let i = 1; ; i++) { all.push(${value}); if (i % 10 === 0) text(i); }`,
    );
    expect(result.status).toBe('failed');
    expect(Number(texts(result.items).at(-1))).toBeGreaterThanOrEqual(50);
    expect((await peakMb(codeMode.hostPid)) - before).toBeLessThanOrEqual(100);
  });

  it('ends with its program', async () => {
    const codeMode = await start();
    const pid = codeMode.hostPid ?? 0;
    void codeMode.exec('while (true) {}');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await codeMode.close();
    expect(() => process.kill(pid, 0)).toThrow();
    await codeMode.close();
    await expect(codeMode.exec('text(1)')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(codeMode.wait('1')).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

/** The most memory that a process has had at one time. */
async function peakMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1000;
}
