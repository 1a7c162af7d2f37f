import { CodexRuntimeError } from '../../errors.ts';
import type { RuntimeDescription } from '../../store/index.ts';
import { parseTarget, type Target } from '../../target/index.ts';
import type { PackedFile } from './pack-target.ts';

/**
 * A DotSlash file: run as `./codex`, it fetches the archive for its platform once, checks it and
 * becomes the executable inside. Null where an archive's address is not known. Format: https://dotslash-cli.com/docs/dotslash-file/
 */
export function dotslashFile(
  runtimes: readonly RuntimeDescription[],
  files: readonly PackedFile[],
  downloadUrl: (file: PackedFile) => string | null,
): string | null {
  const platforms: [string, object][] = [];
  if (files.every(({ ecosystem }) => ecosystem === 'oci')) return null;
  for (const { target, entrypoint } of runtimes) {
    const file = archiveFor(target, files);
    const url = downloadUrl(file);
    if (url === null) return null;
    const inside = file.ecosystem === 'node' ? 'package' : file.package.name;
    platforms.push([
      platformName(parseTarget(target)),
      {
        size: file.size,
        hash: 'sha256',
        digest: file.sha256,
        format: file.ecosystem === 'node' ? 'tar.gz' : 'zip',
        path: `${inside}/${entrypoint}`,
        providers: [{ url }],
      },
    ]);
  }
  const document = { name: 'codex', platforms: Object.fromEntries(platforms) };
  return `#!/usr/bin/env dotslash\n\n${JSON.stringify(document, null, 2)}\n`;
}

function archiveFor(target: string, files: readonly PackedFile[]): PackedFile {
  const own = files.filter((file) => file.target === target);
  const file = own.find(({ ecosystem }) => ecosystem === 'node') ?? own[0];
  if (file !== undefined) return file;
  throw new CodexRuntimeError('ASSET_NOT_FOUND', `No archive was packed for ${target}.`, {
    fields: { target },
  });
}

function platformName({ os, cpu }: Target): string {
  const system = { darwin: 'macos', linux: 'linux', win32: 'windows' }[os];
  return `${system}-${cpu === 'x64' ? 'x86_64' : 'aarch64'}`;
}
