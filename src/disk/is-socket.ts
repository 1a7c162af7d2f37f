import { stat } from 'node:fs/promises';

/**
 * Whether something lies at `path` that is not a socket. Connecting to a plain file is refused just
 * as connecting to a socket that its server has left.
 */
export async function isOtherThanSocket(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  // Windows shows named pipes as files.
  return found !== undefined && !found.isSocket() && !path.startsWith('\\\\');
}
