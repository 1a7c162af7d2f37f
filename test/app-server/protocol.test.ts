import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { PINNED_RUNTIME, PROTOCOL_ROOTS } from '../../scripts/protocol-roots.ts';
import { reduceProtocol } from '../../scripts/reduce-protocol.ts';
import { realExecutable } from '../support/real-codex.ts';

const COMMITTED = new URL('../../src/app-server/generated/protocol.ts', import.meta.url);

describe('the protocol types', () => {
  let dir: string;

  beforeAll(async () => {
    const codex = await realExecutable(PINNED_RUNTIME);
    dir = await mkdtemp(join(tmpdir(), 'codex-protocol-'));
    await promisify(execFile)(codex, ['app-server', 'generate-ts', '--out', dir]);
    return () => rm(dir, { recursive: true, force: true });
  });

  it('are what the pinned runtime generates', async () => {
    expect(await reduceProtocol(dir, PROTOCOL_ROOTS)).toBe(await readFile(COMMITTED, 'utf8'));
  });

  it('hold nothing that the roots do not reach, and each name once', async () => {
    const text = await reduceProtocol(dir, ['v2/TurnInterruptParams', 'RequestId']);
    expect(text.match(/^export type \w+/gm)).toEqual([
      'export type RequestId',
      'export type TurnInterruptParams',
    ]);
    const names = (await readFile(COMMITTED, 'utf8')).match(/^export type \w+/gm) ?? [];
    expect(new Set(names).size).toBe(names.length);
  });

  it('refuse a root that the runtime does not have', async () => {
    await expect(reduceProtocol(dir, ['v2/NoSuchType'])).rejects.toThrow('NoSuchType');
  });
});
