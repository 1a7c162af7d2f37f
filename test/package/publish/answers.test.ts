import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PENDING_TAG } from '../../../src/package/publish/plan-publish.ts';
import { failure } from '../../support/failure.ts';
import { miniatureRuntimes, packMiniatures } from '../../support/packed-release.ts';
import { packTwo, publishTo, shownDocument } from '../../support/publishing.ts';
import { seedPackage, startRegistry, type TestRegistry } from '../../support/verdaccio.ts';
import { startWriteProxy, type WriteFault, type WriteProxy } from '../../support/write-proxy.ts';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

/** A release of a name that is in use, and a registry whose answers a test may change. */
async function releaseOf(name: string) {
  await seedPackage(registry.url, name);
  const release = await packTwo(name);
  const proxy = await startWriteProxy(registry.url);
  return {
    release,
    proxy,
    publish: (visibleWithin = 60_000) => publishTo(proxy.url, release, { visibleWithin }),
    expectPublished: async () => {
      const { versions, 'dist-tags': tags } = await shownDocument(registry.url, name);
      expect(Object.keys(versions ?? {})).toEqual(['0.1.0', '0.115.0']);
      expect(tags).toEqual({ latest: '0.115.0' });
    },
    [Symbol.asyncDispose]: () => proxy.close(),
  };
}

/** Answers every write that fits so, as often as it says, and then lets it pass. */
function answerWrites(proxy: WriteProxy, fits: RegExp, fault: WriteFault, times: number): void {
  let left = times;
  proxy.onWrite = (index) => {
    if (left === 0 || !fits.test(proxy.writes[index] ?? '')) return undefined;
    left -= 1;
    return fault;
  };
}

/** Answers reads with 503 for a while from the first that fits on. */
function failReads(proxy: WriteProxy, fits: RegExp, milliseconds: number): () => number {
  let failed = 0;
  let until: number | undefined;
  proxy.onRead = (path) => {
    if (!fits.test(path)) return undefined;
    until ??= performance.now() + milliseconds;
    if (performance.now() > until) return undefined;
    failed += 1;
    return 503;
  };
  return () => failed;
}

describe('publishRelease reports success once the registry has the release', () => {
  it('although the registry answers 503 while it is waited for', async () => {
    await using around = await releaseOf('answers-503');
    let failed: (() => number) | undefined;
    around.proxy.onWrite = (index) => {
      // From the last platform's upload on, before its visibility is asked for.
      if (index === 1) failed = failReads(around.proxy, /linux-x64$/, 4000);
      return undefined;
    };
    await around.publish();
    expect(failed?.()).toBeGreaterThan(1);
    await around.expectPublished();
  });

  it('although the answer to an upload is lost and reads fail after it', async () => {
    await using around = await releaseOf('answers-lost');
    answerWrites(around.proxy, /^PUT \/answers-lost$/, 'lose-answer', 1);
    around.proxy.onFault = () => failReads(around.proxy, /./, 4000);
    await around.publish();
    await around.expectPublished();
  });

  it.each([
    ['an upload', /^PUT \/answers-busy-/, { status: 409, error: 'failed to save packument' }],
    ['a tag', /dist-tags\/latest$/, { status: 409, error: 'conflict, please retry' }],
    ['the removal of a tag', /^DELETE /, { status: 409, error: 'conflict, please retry' }],
  ])('although %s meets conflicts that pass', async (what, fits, fault) => {
    await using around = await releaseOf(`answers-busy-${what.length}`);
    // npm itself tries an upload once more.
    answerWrites(around.proxy, fits, fault, 3);
    await around.publish();
    await around.expectPublished();
  });

  it.each([
    ['lose-answer', /dist-tags\/latest$/],
    ['lose-answer', /^DELETE /],
  ] as const)('although it met %s at %s', async (fault, fits) => {
    await using around = await releaseOf(`answers-tag-${fits.source.length}`);
    answerWrites(around.proxy, fits, fault, 1);
    await around.publish();
    await around.expectPublished();
  });

  it('although the version is called staged before it is shown', async () => {
    await using around = await releaseOf('answers-staged');
    const { proxy } = around;
    const staged = {
      status: 403,
      error: 'Cannot publish over previously staged version "0.115.0"',
    };
    answerWrites(proxy, /^PUT \/answers-staged$/, 'lose-answer', 1);
    proxy.isHidden = (path) => path.startsWith('/answers-staged?') || path === '/answers-staged';
    proxy.onFault = () => {
      proxy.onFault = () =>
        setTimeout(() => {
          proxy.isHidden = () => false;
        }, 2000);
      answerWrites(proxy, /^PUT \/answers-staged$/, staged, 1);
    };
    // The first run does not see what it published, the second is told that it is staged.
    await around.publish(1000).catch(() => undefined);
    await around.publish();
    await around.expectPublished();
  });

  it('to each of two publishers at once', async () => {
    await seedPackage(registry.url, 'answers-two');
    const release = await packTwo('answers-two');
    const both = await Promise.allSettled([1, 2].map(() => publishTo(registry.url, release)));
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    const { versions, 'dist-tags': tags } = await shownDocument(registry.url, 'answers-two');
    expect(versions?.['0.115.0']).toBeDefined();
    expect(tags).toEqual({ latest: '0.115.0' });
    expect(tags).not.toHaveProperty(PENDING_TAG);
  });
});

describe('publishRelease fails', () => {
  it('with what helps where an unfinished upload is in the way', async () => {
    await using around = await releaseOf('answers-stuck');
    const staged = {
      status: 403,
      error: 'Cannot publish over previously staged version "0.115.0"',
    };
    answerWrites(around.proxy, /^PUT /, staged, 99);
    const error = await failure(around.publish(1500));
    expect(error).toMatchObject({ code: 'PUBLISH_FAILED', exitStatus: 8 });
    expect(error.hint).toContain('publish a new version');
    expect(error.hint).not.toContain('again');
    expect(around.proxy.writes).toHaveLength(1);
  });

  it('at once where another build was published meanwhile', async () => {
    await using around = await releaseOf('answers-other');
    const runtimes = (await miniatureRuntimes({ files: { 'codex-path/rg': 'other' } })).slice(0, 1);
    const other = { runtimes, name: 'answers-other', ecosystems: ['node'] } as const;
    await publishTo(registry.url, await packMiniatures(other));
    // It is seen from the first write on, which the registry itself refuses.
    const { proxy } = around;
    proxy.isHidden = () => true;
    proxy.onWrite = () => {
      proxy.isHidden = () => false;
      return undefined;
    };
    const error = await failure(around.publish());
    expect(error).toMatchObject({
      code: 'PUBLISH_FAILED',
      message: expect.stringContaining('another build of answers-other-darwin-arm64@0.115.0'),
    });
    expect(proxy.writes.length).toBeLessThan(3);
  });

  it('after a few tries where conflicts do not pass', async () => {
    await using around = await releaseOf('answers-conflict');
    answerWrites(around.proxy, /^PUT /, { status: 409, error: 'failed to save packument' }, 99);
    const error = await failure(around.publish());
    expect(error).toMatchObject({ code: 'PUBLISH_FAILED', fields: { npm: 'E409' } });
    expect(around.proxy.writes.length).toBeLessThan(12);
  });
});
