import { openDownload } from '../../src/download/index.ts';
import { settingsFrom } from '../../src/settings.ts';

/** Downloads the asset of its first argument into the home of its second; a test kills it. */
async function main(asset: string, home: string): Promise<void> {
  const download = openDownload({
    channel: 'github',
    asset: JSON.parse(asset),
    partialDir: `${home}/partial`,
    settings: settingsFrom(
      { HOME: home, CODEX_RUNTIME_HOME: home },
      { cwd: home, host: { platform: process.platform, arch: process.arch } },
    ),
  });
  for await (const chunk of download.bytes) process.stdout.write(`${chunk.length}\n`);
}

void main(String(process.argv[2]), String(process.argv[3]));
