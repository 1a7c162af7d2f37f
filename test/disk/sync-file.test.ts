import { readdirSync, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { syncFile } from '../../src/disk/sync-file.ts';

const opened: string[] = [];
const handle = {
  sync: async () => undefined,
  close: async () => undefined,
} as unknown as FileHandle;
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  open: async (_: string, flags: string) => {
    opened.push(flags);
    return handle;
  },
}));

describe('syncFile', () => {
  beforeEach(() => {
    opened.length = 0;
  });

  it.each([
    ['win32', 'r+'],
    ['linux', 'r'],
    ['darwin', 'r'],
  ])('opens on %s what that system agrees to flush (%s)', async (platform, flags) => {
    await syncFile('/file', platform);
    expect(opened).toEqual([flags]);
  });

  it('is the only place that flushes a file which is open for reading', () => {
    const src = fileURLToPath(new URL('../../src', import.meta.url));
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' });
    const reading = files
      .filter((path) => path.endsWith('.ts'))
      .filter((path) => {
        const text = readFileSync(join(src, path), 'utf8');
        return /\.(data)?sync\(\)/.test(text) && /\bopen\([^)]*'r'\)/.test(text);
      });
    expect(reading.map((path) => path.replaceAll('\\', '/')).sort()).toEqual([
      'disk/sync-directory.ts',
      'disk/sync-file.ts',
    ]);
  });
});
