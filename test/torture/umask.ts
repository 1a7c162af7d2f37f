import { lstat, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Figures } from './experiment.ts';
import { COMMAND, installWords, makeSite, NEW, runProgram, startReleases } from './site.ts';

/** Installs under several umasks: the runtime in the store and the package have the same modes. */
export async function checkUmasks(): Promise<Figures> {
  await using github = await startReleases();
  const failures: string[] = [];
  const seen = new Map<string, string>();
  let entries = 0;
  for (const umask of ['022', '077', '000']) {
    await using site = await makeSite(github);
    const words = [process.execPath, COMMAND, ...installWords(site, NEW)];
    const script = `umask ${umask}; exec "$@"`;
    const { status } = await runProgram('/bin/sh', ['-c', script, 'sh', ...words], site.env);
    if (status !== 0) failures.push(`umask ${umask}: exit status ${status}`);
    const modes = [
      ...(await modesBelow(join(site.home, 'store', NEW), 2)),
      ...(await modesBelow(join(site.prefix, '.codex-cli-bin'), 1)),
    ];
    for (const [path, mode] of modes) {
      entries += 1;
      const name = path.replace(/-[0-9a-f]{16}(?=\/|$)/, '*');
      const expected = seen.get(name) ?? mode;
      seen.set(name, expected);
      if (mode !== expected) failures.push(`umask ${umask}: ${name} is ${mode}, not ${expected}`);
      if (!['644', '755'].includes(mode)) failures.push(`umask ${umask}: ${name} is ${mode}`);
    }
  }
  return { figures: { umasks: 3, entries }, failures };
}

/** Modes of all that lies `depth` levels below `root` or deeper. */
async function modesBelow(root: string, depth: number): Promise<readonly [string, string][]> {
  const found: [string, string][] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path);
    if (name.split('/').length < depth) continue;
    found.push([name, ((await lstat(path)).mode & 0o7777).toString(8)]);
  }
  return found;
}
