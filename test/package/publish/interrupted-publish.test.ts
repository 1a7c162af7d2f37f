import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PackedRelease } from '../../../src/package/pack/index.ts';
import { packTwo, publishTo, shownDocument } from '../../support/publishing.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { npmUser, seedPackage, startRegistry, type TestRegistry } from '../../support/verdaccio.ts';
import { startWriteProxy, type WriteFault } from '../../support/write-proxy.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

describe('an interrupted publishRelease', () => {
  it.each(['lose-request', 'lose-answer'] as const)(
    'finishes after every write met %s',
    async (fault) => {
      const name = `faulty-${fault}`;
      await seedPackage(registry.url, name);
      const release = await packTwo(name);
      const proxy = await startWriteProxy(registry.url);
      const spoilt = new Set<string>();
      // Each write is spoilt the first time that it is tried.
      proxy.onWrite = (index) => {
        const write = proxy.writes[index] ?? '';
        if (spoilt.has(write)) return undefined;
        spoilt.add(write);
        return fault;
      };
      try {
        let failures = 0;
        for (let runs = 0; runs < 8; runs += 1) {
          const done = await publishTo(proxy.url, release).then(
            () => true,
            () => false,
          );
          await expectWhole(name, release);
          if (done) break;
          failures += 1;
        }
        expect(spoilt.size).toBe(5);
        expect(failures).toBeLessThan(8);
      } finally {
        await proxy.close();
      }
      expect((await shownDocument(registry.url, name))['dist-tags']).toEqual({ latest: '0.115.0' });
    },
  );

  it('finishes after it was killed before and after every write', async () => {
    await seedPackage(registry.url, 'killed');
    const release = await packTwo('killed');
    const program = join(await tempDir(), 'program.mjs');
    await bundlePublisher(program);
    const proxy = await startWriteProxy(registry.url);
    const env = await npmUser(await tempDir(), proxy.url);
    let publisher: ChildProcess | undefined;
    proxy.onFault = () => killGroup(publisher);
    try {
      let kills = 0;
      for (const fault of KILLS) {
        const seen = proxy.writes.length;
        proxy.onWrite = (index) => (index === seen ? fault : undefined);
        publisher = spawn(process.execPath, [program, release.out, proxy.url], {
          env,
          stdio: 'ignore',
          detached: true,
        });
        const [, signal] = await once(publisher, 'exit');
        if (signal === 'SIGKILL') kills += 1;
        await expectWhole('killed', release);
      }
      expect(kills).toBe(KILLS.length - 1);
    } finally {
      await proxy.close();
    }
    expect((await shownDocument(registry.url, 'killed'))['dist-tags']).toEqual({
      latest: '0.115.0',
    });
  });
});

/** Five writes, each lost once and then carried out just before the end; then one run to the end. */
const KILLS: readonly (WriteFault | undefined)[] = [
  ...Array.from({ length: 5 }, () => ['lose-request', 'lose-answer'] as const).flat(),
  undefined,
];

/** What the registry shows is whole: a root package only with its platforms, a tag only with both. */
async function expectWhole(name: string, release: PackedRelease): Promise<void> {
  const { versions = {}, 'dist-tags': tags = {} } = await shownDocument(registry.url, name);
  if (versions['0.115.0'] === undefined) {
    expect(tags).toEqual({ latest: '0.1.0' });
    return;
  }
  for (const file of release.files) {
    const shown = await shownDocument(registry.url, file.package.name);
    expect(shown.versions?.['0.115.0']?.dist.integrity).toBe(file.integrity);
  }
}

async function bundlePublisher(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, '../../support/publish-program.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  // Packages are looked up from the bundle's own place.
  const modules = join(import.meta.dirname, '../../../node_modules');
  await symlink(modules, join(dirname(outfile), 'node_modules'));
}

/** The publisher and the npm that it started. */
function killGroup(child: ChildProcess | undefined): void {
  if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
}
