import { open } from 'node:fs/promises';

/**
 * Flushes a file that was written by other means. Windows flushes only what is open for writing;
 * elsewhere a handle for reading is enough, also for a file that is being run.
 * @param platform Node's `process.platform`
 */
export async function syncFile(path: string, platform: string = process.platform): Promise<void> {
  const handle = await open(path, platform === 'win32' ? 'r+' : 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
