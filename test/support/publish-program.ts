import { publishRelease } from '../../src/package/publish/index.ts';
import { settingsFrom } from '../../src/request/settings.ts';

/** Publishes the release of its first argument to the registry of its second; a test kills it. */
async function main(directory: string, registry: string): Promise<void> {
  const { env, platform, arch } = process;
  await publishRelease({
    directory,
    registry,
    settings: settingsFrom(env, { cwd: directory, host: { platform, arch } }),
    onStep: ({ action }) => process.stdout.write(`${action}\n`),
  });
}

void main(String(process.argv[2]), String(process.argv[3]));
