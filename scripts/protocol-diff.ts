/**
 * Says what another Codex adds, changes and removes against the pinned protocol:
 * `npm run protocol-diff 0.172.0` (or `-- --codex PATH`, and `--json`).
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { ensureRuntime } from '../src/index.ts';
import { compareProtocols, type ProtocolText, renderDifference } from './compare-protocols.ts';
import { PINNED_RUNTIME } from './protocol-roots.ts';

const run = promisify(execFile);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { codex: { type: 'string' }, json: { type: 'boolean' } },
});
const [version] = positionals;
if (version === undefined && values.codex === undefined) {
  throw new Error('Name a version: npm run protocol-diff 0.172.0');
}
const dir = await mkdtemp(join(tmpdir(), 'codex-protocol-'));
try {
  const pinned = await protocolOf(await executableOf(PINNED_RUNTIME), 'pinned');
  const other = await protocolOf(values.codex ?? (await executableOf(version ?? '')), 'other');
  const difference = compareProtocols(pinned, other);
  console.log(
    values.json
      ? JSON.stringify({ from: PINNED_RUNTIME, to: version ?? values.codex, ...difference })
      : renderDifference(difference),
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function executableOf(wanted: string): Promise<string> {
  return (await ensureRuntime({ version: wanted })).executable;
}

/** Every type that a runtime generates, by its path without extension. */
async function protocolOf(codex: string, name: string): Promise<ProtocolText> {
  const out = join(dir, name);
  const env = { ...process.env, CODEX_HOME: join(dir, 'home') };
  await run(codex, ['app-server', 'generate-ts', '--experimental', '--out', out], { env });
  const files = await readdir(out, { recursive: true });
  const types = files.filter((file) => file.endsWith('.ts') && !file.endsWith('index.ts'));
  return new Map(
    await Promise.all(
      types.map(
        async (file): Promise<[string, string]> => [
          file.replaceAll('\\', '/').replace(/\.ts$/, ''),
          await readFile(join(out, file), 'utf8'),
        ],
      ),
    ),
  );
}
