import { join } from 'node:path';
import { diagnose, type Finding } from '../../src/doctor/index.ts';
import type { PlaceOptions } from '../../src/place/index.ts';
import type { PrefixOptions } from '../../src/place/npm-prefix/prefix.ts';
import { tempDir } from './temp-dir.ts';

/** Surroundings in which nothing is wrong and nothing is there. */
export async function healthyPatient() {
  const dir = await tempDir();
  const prefix = join(dir, 'prefix');
  return {
    dir,
    options: {
      home: join(dir, 'home'),
      cwd: dir,
      prefix,
      env: { HOME: dir, PATH: '', CODEX_RUNTIME_VERSION: '0.115.0' },
      host: { platform: 'linux', arch: 'x64' },
      offline: true,
    } satisfies PrefixOptions,
  };
}

/** What the doctor finds under `id`; fails where it says nothing about it. */
export async function finding(options: PlaceOptions, id: string): Promise<Finding> {
  const { findings } = await diagnose(options);
  const found = findings.find((candidate) => candidate.id === id);
  if (found !== undefined) return found;
  throw new Error(`no finding ${id} among ${findings.map((one) => one.id).join(', ')}`);
}
