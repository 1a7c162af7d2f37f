import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { ensureRuntime } from '../src/index.ts';
import { PINNED_RUNTIME, PROTOCOL_ROOTS } from './protocol-roots.ts';
import { countDeclarations, reduceProtocol } from './reduce-protocol.ts';

const OUTPUT = fileURLToPath(new URL('../src/app-server/generated/protocol.ts', import.meta.url));
const run = promisify(execFile);

const { values } = parseArgs({ options: { codex: { type: 'string' } } });
const codex = values.codex ?? (await ensureRuntime({ version: PINNED_RUNTIME })).executable;

const { stdout } = await run(codex, ['--version']);
if (!stdout.trim().endsWith(` ${PINNED_RUNTIME}`)) {
  throw new Error(`${codex} is ${stdout.trim()}, not ${PINNED_RUNTIME}`);
}
const dir = await mkdtemp(join(tmpdir(), 'codex-protocol-'));
try {
  const types = { all: join(dir, 'all'), stable: join(dir, 'stable') };
  // Codex makes links to itself in its home, wherever that is: not in the user's.
  const env = { ...process.env, CODEX_HOME: join(dir, 'home') };
  await run(codex, ['app-server', 'generate-ts', '--experimental', '--out', types.all], { env });
  await run(codex, ['app-server', 'generate-ts', '--out', types.stable], { env });
  const text = await reduceProtocol(types, PROTOCOL_ROOTS);
  await writeFile(OUTPUT, text);
  const kept = text.match(/^export type /gm)?.length ?? 0;
  console.log(`${kept} of ${await countDeclarations(types.all)} types written to ${OUTPUT}`);
} finally {
  await rm(dir, { recursive: true, force: true });
}
