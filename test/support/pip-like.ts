import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What `bin/codex` is when pip has made it. */
export const PIP_SCRIPT = '#!/usr/bin/python3\n';

/** Writes what `pip install --target` leaves of a wheel of ours, in less time than pip takes. */
export async function pipLike(target: string, version: string): Promise<void> {
  const files = {
    'codex_cli_bin/__init__.py': `VERSION = '${version}'\n`,
    'codex_cli_bin/runtime.json': '{}',
    'codex_cli_bin/bin/codex': `#!/bin/sh\necho codex-cli ${version}\n`,
    'bin/codex': PIP_SCRIPT,
  };
  const record = Object.entries(files).map(([path, content]) => {
    const name = path.startsWith('bin/') ? `../../${path}` : path;
    const digest = createHash('sha256').update(content).digest('base64url');
    return `${name},sha256=${digest},${content.length}\n`;
  });
  const metadata = `codex_cli_bin-${version}.dist-info`;
  const all = {
    ...files,
    [`${metadata}/METADATA`]: `Name: codex-cli-bin\nVersion: ${version}\n`,
    [`${metadata}/RECORD`]: record.join(''),
  };
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), content);
  }
  for (const path of ['bin/codex', 'codex_cli_bin/bin/codex']) {
    await chmod(join(target, path), 0o755);
  }
}

/** The versions that the package, its metadata and its command show; they must be one. */
export async function shownVersions(prefix: string, named: string): Promise<readonly string[]> {
  const paths = [
    'codex_cli_bin/__init__.py',
    `codex_cli_bin-${named}.dist-info/METADATA`,
    'bin/codex',
  ];
  const texts = await Promise.all(paths.map((path) => readFile(join(prefix, path), 'utf8')));
  return texts.map((text) => /\d+\.\d+\.\d+/.exec(text)?.[0] ?? text);
}
