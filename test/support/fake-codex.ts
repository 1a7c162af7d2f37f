import { fileURLToPath } from 'node:url';
import { type ClientOptions, Codex } from '../../src/app-server/index.ts';
import { ChildTransport } from '../../src/app-server/transport/child-transport.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/app-server/fake-server.mjs', import.meta.url));

/** The fake child in one of its modes. */
export function fakeTransport(mode: string, maxLineBytes = 1024 * 1024): ChildTransport {
  return new ChildTransport({
    command: process.execPath,
    args: [PROGRAM, mode],
    env: { PATH: process.env['PATH'] },
    cwd: process.cwd(),
    maxLineBytes,
  });
}

export async function startFakeCodex(mode: string, options: ClientOptions = {}): Promise<Codex> {
  return Codex.over(fakeTransport(mode, options.maxLineBytes), options);
}
