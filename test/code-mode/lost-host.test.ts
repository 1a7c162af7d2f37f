import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type CellResult, CodeMode, type CodeModeTool } from '../../dist/code-mode/index.js';
import { isAlive, type TappedMessage, tapHosts } from '../support/tapped-host.ts';

const STATUSES = ['completed', 'failed', 'running', 'terminated'];

/** What a session has seen, for the checks after it. */
interface Session {
  readonly results: CellResult[];
  readonly keys: string[];
  /** Keys that the program has had at one time. */
  readonly stored: Set<string>;
}

interface Kill {
  readonly from: TappedMessage['from'];
  readonly op: string;
  readonly killAt: number;
}

/** Begins, waits, ends, terminates and stores, with two scripts at once. */
async function run(codeMode: CodeMode, { results, stored }: Session): Promise<void> {
  const note = (result: CellResult) => {
    results.push(result);
    for (const [key] of codeMode.stored) stored.add(key);
    return result;
  };
  const first = codeMode.exec(
    'store("a", 1); text("1"); text(await tools.note({ key: "a" })); yield_control(); text(await tools.note({ key: "b" })); await new Promise((later) => setTimeout(later, 20)); store("b", 2); text("end")',
  );
  const both = codeMode.exec(
    'text(await Promise.all(["c", "d"].map((key) => tools.note({ key })))); store("c", load("a") ?? null)',
  );
  const { cellId, status } = note(await first);
  note(await both);
  if (status === 'running') note(await codeMode.wait(cellId));
  const busy = note(await codeMode.exec('yield_control(); while (true) {}'));
  if (busy.status === 'running') note(await codeMode.wait(busy.cellId, { terminate: true }));
  note(await codeMode.exec('text(load("a"))'));
}

describe('a host that is killed', () => {
  /** Every kind of message that a session has; a restoration comes after a kill only. */
  it.each([
    ['host', 'ready'],
    ['host', 'events'],
    ['host', 'snapshot'],
    ['host', 'over'],
    ['program', 'start'],
    ['program', 'deliver'],
    ['program', 'snapshot'],
    ['program', 'stop'],
  ] as const)('before any message of a session that is the %s’s %s', async (from, op) => {
    for (let killAt = 1; ; killAt += 1) {
      const wasKilled = await killed({ from, op, killAt });
      // The session had fewer of them.
      if (!wasKilled) {
        expect(killAt).toBeGreaterThan(1);
        return;
      }
    }
  });

  it('and whose successor is killed before it goes on with a script, leaves it to a third', async () => {
    let isSecondKilled = false;
    const tap = tapHosts({
      onMessage: ({ from, op, pid }) => {
        if (isSecondKilled || from !== 'program' || op !== 'restore') return true;
        isSecondKilled = true;
        process.kill(pid, 'SIGKILL');
        return false;
      },
    });
    try {
      await using codeMode = await CodeMode.start();
      const source =
        'let n = 1; text(n); yield_control(); await new Promise((later) => setTimeout(later, 300)); text(n + 1)';
      const { cellId } = await codeMode.exec(source);
      process.kill(codeMode.hostPid ?? 0, 'SIGKILL');
      expect(await codeMode.wait(cellId)).toMatchObject({
        status: 'completed',
        items: [{ type: 'text', text: '2' }],
      });
      expect(isSecondKilled).toBe(true);
    } finally {
      tap.close();
    }
    expect(tap.pids).toHaveLength(3);
    expect(tap.pids.filter(isAlive)).toEqual([]);
  });

  /** One session, whose host is killed before it says or hears a message the nth time. */
  async function killed({ from, op, killAt }: Kill): Promise<boolean> {
    let count = 0;
    let isOver = false;
    let pid: number | undefined;
    const tap = tapHosts({
      onMessage: (message) => {
        if (message.from === from && message.op === op) count += 1;
        if (count === killAt && pid === undefined && !isOver) {
          pid = message.pid;
          process.kill(pid, 'SIGKILL');
        }
        return message.pid !== pid;
      },
    });
    try {
      await session(op === 'ready', () => {
        isOver = true;
      });
    } finally {
      tap.close();
    }
    expect(tap.pids.filter(isAlive)).toEqual([]);
    return pid !== undefined;
  }

  async function session(mayNotStart: boolean, onEnd: () => void): Promise<void> {
    const seen: Session = { results: [], keys: [], stored: new Set() };
    const note: CodeModeTool = {
      name: 'note',
      run: async ({ key }: { key: string }) => {
        seen.keys.push(key);
        await sleep(10);
        return key;
      },
    };
    const starting = CodeMode.start({ tools: [note] });
    const failure = await starting.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure !== undefined) {
      expect(mayNotStart).toBe(true);
      expect(failure).toMatchObject({ code: 'HOST_FAILED' });
      return;
    }
    await using codeMode = await starting;
    await run(codeMode, seen);
    onEnd();
    for (const result of seen.results) {
      expect(STATUSES).toContain(result.status);
      if (result.status === 'failed') expect(result.error.reason).toBe('host');
    }
    expect(seen.results.filter(({ status }) => status === 'failed').length).toBeLessThan(3);
    // The host died once: the last script has run.
    expect(await codeMode.exec('text("alive")')).toMatchObject({ status: 'completed' });
    expect(seen.keys.length).toBe(new Set(seen.keys).size);
    const kept = codeMode.stored.map(([key]) => key);
    expect([...seen.stored].filter((key) => !kept.includes(key))).toEqual([]);
  }
});

describe('a host that is not understood', () => {
  let close: () => unknown = () => undefined;
  afterEach(() => close());

  it.each([
    ['text', 'Segmentation fault\n'.repeat(20)],
    ['a frame that is too long', '\xff\xff\xff\xff'],
    ['a header that is not JSON', '\x04\x00\x00\x00\x02\x00{{'],
    ['a header of another version', '\x0d\x00\x00\x00\x0b\x00{"op":"hi"}'],
    ['a header that is longer than its frame', '\x02\x00\x00\x00\xff\x00'],
  ])('is ended when it says %s', async (_, garbage) => {
    const bytes = Buffer.from(garbage, 'latin1');
    const early = tapHosts({ garbage: { after: 'ready', bytes } });
    close = early.close;
    await expect(CodeMode.start()).rejects.toMatchObject({ code: 'HOST_FAILED' });
    await expect.poll(() => early.pids.some(isAlive)).toBe(false);
    early.close();

    const late = tapHosts({ garbage: { after: 'events', bytes } });
    close = late.close;
    await using codeMode = await CodeMode.start();
    const source = 'text(1); await new Promise((later) => setTimeout(later, 1e6))';
    expect(await codeMode.exec(source)).toMatchObject({
      status: 'failed',
      error: { reason: 'host' },
    });
    await expect.poll(() => late.pids.some(isAlive)).toBe(false);
    late.close();
    expect(await codeMode.exec('text(1)')).toMatchObject({ status: 'completed' });
  });

  it('and does not start, has its last words in the error', async () => {
    const args = ['-e', 'console.error("this Node has no WebAssembly"); process.exit(3)'];
    close = tapHosts({ args }).close;
    await expect(CodeMode.start()).rejects.toMatchObject({
      code: 'HOST_FAILED',
      message: expect.stringMatching(
        /status 3; the end of its stderr: this Node has no WebAssembly$/,
      ),
    });
  });
});

describe('a program that is killed', () => {
  it('leaves no host behind, whatever its scripts do', async () => {
    const index = fileURLToPath(new URL('../../dist/code-mode/index.js', import.meta.url));
    const program = `const { CodeMode } = require(${JSON.stringify(index)});
      CodeMode.start().then((codeMode) => {
        codeMode.exec('while (true) {}');
        codeMode.exec('await new Promise((later) => setTimeout(later, 1e6))');
        setTimeout(() => console.log(codeMode.hostPid), 300);
      });`;
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });
});
