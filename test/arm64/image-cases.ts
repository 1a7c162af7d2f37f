import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Case, Rig, Run } from './rig.ts';
import { EMULATOR } from './rig.ts';

const VERSION = '0.171.0';

function succeeded(run: Run): Run {
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  return run;
}

/** Makes the image with this machine's Node: that is slow enough there. */
async function unpacked(rig: Rig): Promise<string> {
  const out = join(rig.dir, 'images');
  const here = async (...args: string[]) =>
    succeeded(await rig.run(process.execPath, [rig.script, ...args]));
  await here(
    ...['pack', VERSION, '--ecosystem', 'oci', '--targets', 'linux-arm64', '--source', 'npm'],
    ...['--out', out],
  );
  const one = `oci:${rig.dir}/one:v`;
  const copy = ['--override-arch', 'arm64', 'copy', '-q', `oci:${out}/oci:${VERSION}`, one];
  succeeded(await rig.run('skopeo', copy));
  const bundle = join(rig.dir, 'bundle');
  succeeded(await rig.run('umoci', ['unpack', '--image', `${rig.dir}/one:v`, bundle]));
  return join(bundle, 'rootfs');
}

/** These need the machine's own root, which the namespace of the other cases has not. */
export const IMAGE_CASES: Readonly<Record<string, Case>> = {
  [`runs ${VERSION} in its image, as the image's user`]: async (rig) => {
    const root = await unpacked(rig);
    await copyFile(EMULATOR, join(root, 'qemu'));
    const run = async (program: string, ...args: string[]) =>
      rig.run('/usr/sbin/chroot', ['--userspec=65532:0', root, '/qemu', program, ...args], {
        env: { HOME: '/home/codex' },
      });
    const said = succeeded(await run('/opt/codex/bin/codex', '--version'));
    assert.equal(said.stdout, `codex-cli ${VERSION}\n`);
    // What the docs say needs glibc, which an image without a base has not.
    assert.notEqual((await run('/opt/codex/codex-path/rg', '--version')).status, 0);
  },
};
