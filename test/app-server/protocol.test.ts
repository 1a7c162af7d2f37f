import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { PINNED_RUNTIME, PROTOCOL_ROOTS } from '../../scripts/protocol-roots.ts';
import { type GeneratedTypes, reduceProtocol } from '../../scripts/reduce-protocol.ts';
import { realExecutable } from '../support/real-codex.ts';

const COMMITTED = new URL('../../src/app-server/generated/protocol.ts', import.meta.url);

describe('the protocol types', () => {
  let types: GeneratedTypes;

  beforeAll(async () => {
    const codex = await realExecutable(PINNED_RUNTIME);
    const dir = await mkdtemp(join(tmpdir(), 'codex-protocol-'));
    const env = { CODEX_HOME: join(dir, 'home') };
    types = { all: join(dir, 'all'), stable: join(dir, 'stable') };
    const generate = ['app-server', 'generate-ts', '--out'];
    await promisify(execFile)(codex, [...generate, types.all, '--experimental'], { env });
    await promisify(execFile)(codex, [...generate, types.stable], { env });
    return () => rm(dir, { recursive: true, force: true });
  });

  it('are what the pinned runtime generates', async () => {
    expect(await reduceProtocol(types, PROTOCOL_ROOTS)).toBe(await readFile(COMMITTED, 'utf8'));
  });

  it('hold nothing that the roots do not reach, and each name once', async () => {
    const text = await reduceProtocol(types, ['v2/TurnInterruptParams', 'RequestId']);
    expect(text.match(/^export type \w+/gm)).toEqual([
      'export type RequestId',
      'export type TurnInterruptParams',
    ]);
    const names = (await readFile(COMMITTED, 'utf8')).match(/^export type \w+/gm) ?? [];
    expect(new Set(names).size).toBe(names.length);
  });

  it('say which members and types only an experimental client may use', async () => {
    const text = await readFile(COMMITTED, 'utf8');
    const marked = [...text.matchAll(/@experimental(?: \*\/|\n \*\/)\n(?:export type )?(\w+)/g)];
    const names = marked.map(([, name]) => name);
    for (const name of ['dynamicTools', 'historyMode', 'collaborationMode', 'beforeTurnId']) {
      expect(names).toContain(name);
    }
    for (const name of ['threadId', 'model', 'DynamicToolCallParams', 'outputSchema']) {
      expect(names).not.toContain(name);
    }
  });

  it('mark a type as experimental that there is in no other way', async () => {
    const text = await reduceProtocol(types, ['v2/ThreadMemoryModeSetParams']);
    expect(text).toContain('@experimental */\nexport type ThreadMemoryModeSetParams');
  });

  it('hold every method of the server, experimental ones included', async () => {
    const text = await readFile(COMMITTED, 'utf8');
    const requests = await readFile(join(types.all, 'ServerRequest.ts'), 'utf8');
    const methods = requests.match(/"method": "[^"]+"/g) ?? [];
    expect(methods).toContain('"method": "item/tool/call"');
    for (const method of methods) expect(text).toContain(method);
  });

  it('refuse a root that the runtime does not have', async () => {
    await expect(reduceProtocol(types, ['v2/NoSuchType'])).rejects.toThrow('NoSuchType');
  });
});
