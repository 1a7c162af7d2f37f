import { open } from 'node:fs/promises';

/** Writes a new file and flushes it; the mode is 0644 under any umask. Throws the native error. */
export async function writeSynced(path: string, content: string | Buffer): Promise<void> {
  const handle = await open(path, 'wx', 0o644);
  try {
    await handle.writeFile(content);
    await handle.chmod(0o644);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
