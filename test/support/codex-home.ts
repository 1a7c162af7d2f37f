import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A home without an account whose only model provider is on loopback. */
export interface CodexHome {
  readonly dir: string;
  /** An empty directory for turns to work in. */
  readonly work: string;
  /** The whole environment of a server that lives there. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export async function makeCodexHome(modelUrl: string): Promise<CodexHome> {
  const dir = await mkdtemp(join(tmpdir(), 'codex-home-'));
  const work = join(dir, 'work');
  await mkdir(work);
  const lines = [
    'model = "mock-model"',
    'model_provider = "mock"',
    'approval_policy = "on-request"',
    'sandbox_mode = "read-only"',
    '[model_providers.mock]',
    'name = "mock"',
    `base_url = "${modelUrl}"`,
    'wire_api = "responses"',
    'request_max_retries = 0',
    'stream_max_retries = 0',
  ];
  await writeFile(join(dir, 'config.toml'), `${lines.join('\n')}\n`);
  const path = process.env['PATH'] ?? '';
  return {
    dir,
    work,
    env: { PATH: path, HOME: dir, CODEX_HOME: dir },
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  };
}
