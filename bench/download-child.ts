/** Downloads one asset and prints the seconds it took: a process of its own, as a user's is. */
import process from 'node:process';
import { openDownload } from '../src/fetch/index.ts';
import { settingsFrom } from '../src/request/settings.ts';
import { parseTarget } from '../src/target/index.ts';

const { url, size, sha256, dir, lanes } = JSON.parse(process.argv[2] ?? '') as {
  url: string;
  size: number;
  sha256: string;
  dir: string;
  lanes?: number;
};
const target = parseTarget('linux-x64');
const started = performance.now();
const download = openDownload(
  {
    channel: 'github',
    asset: {
      name: `codex-${target.triple}.tar.gz`,
      target,
      variant: 'binary',
      format: 'tar.gz',
      layout: 'bare',
      size,
      digests: [{ algorithm: 'sha256', hex: sha256, origin: 'github' }],
      sources: [{ kind: 'browser', url }],
    },
    partialDir: dir,
    settings: settingsFrom(
      { HOME: dir, CODEX_RUNTIME_HOME: dir },
      { cwd: dir, host: { platform: 'linux', arch: 'x64' } },
    ),
  },
  lanes === undefined ? {} : { lanes },
);
let received = 0;
for await (const chunk of download.bytes) received += chunk.length;
const seconds = (performance.now() - started) / 1000;
if (received !== size) throw new Error(`${received} of ${size} bytes came`);
await download.discard();
console.log(seconds);
