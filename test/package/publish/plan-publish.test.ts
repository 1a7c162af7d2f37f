import { describe, expect, it } from 'vitest';
import type { PackedFile, PackManifest } from '../../../src/package/pack/index.ts';
import {
  defaultTag,
  PENDING_TAG,
  type PublishPlanOptions,
  type PublishStep,
  planPublish,
} from '../../../src/package/publish/plan-publish.ts';
import type { Published } from '../../../src/package/publish/published.ts';
import { TARGETS } from '../../../src/target/index.ts';

const VERSION = '0.115.0';

function file(name: string, target: PackedFile['target'], version = VERSION): PackedFile {
  return {
    path: `${name}-${version}.tgz`,
    size: 1,
    sha256: '00'.repeat(32),
    integrity: `sha512-${name}`,
    target,
    ecosystem: 'node',
    package: { name, version },
  };
}

function release(version = VERSION): PackManifest {
  const platforms = TARGETS.map(({ npmTag, triple }) => file(`x-${npmTag}`, triple, version));
  return {
    schemaVersion: 1,
    name: 'x',
    version,
    files: [file('x', null, version), ...platforms],
    runtimes: [],
  };
}

/** The steps as words, for a registry that has the named packages already. */
function plan(have: Record<string, Published>, options?: PublishPlanOptions, packed = release()) {
  return planPublish(packed, new Map(Object.entries(have)), options).map(describeStep);
}

function describeStep(step: PublishStep): string {
  switch (step.action) {
    case 'present':
      return `present ${step.file.package.name}`;
    case 'stage':
    case 'publish':
      return `${step.action} ${step.file.package.name} as ${step.tag}`;
    case 'await':
      return `await ${step.files.length}`;
    case 'tag':
      return `tag ${step.name}@${step.version} ${step.tag}`;
    case 'untag':
      return `untag ${step.name} ${step.tag}`;
  }
}

const published = (name: string, tags: Record<string, string> = {}): Published => ({
  versions: { [VERSION]: `sha512-${name}` },
  tags,
});

const ALL_PLATFORMS = Object.fromEntries(
  TARGETS.map(({ npmTag }) => [`x-${npmTag}`, published(`x-${npmTag}`)]),
);

describe('planPublish', () => {
  it('publishes platforms, then the root under a waiting tag, and moves the tag last', () => {
    expect(plan({})).toEqual([
      ...TARGETS.map(({ npmTag }) => `publish x-${npmTag} as latest`),
      'await 6',
      `publish x as ${PENDING_TAG}`,
      'await 1',
      'tag x@0.115.0 latest',
      `untag x ${PENDING_TAG}`,
    ]);
  });

  it('leaves out what is there with the same integrity', () => {
    const steps = plan({ 'x-linux-x64': published('x-linux-x64') });
    expect(steps).toContain('present x-linux-x64');
    expect(steps).toContain('publish x-win32-x64 as latest');
  });

  it.each([
    [
      'before the tag',
      { [PENDING_TAG]: VERSION },
      ['tag x@0.115.0 latest', `untag x ${PENDING_TAG}`],
    ],
    ['after the tag', { [PENDING_TAG]: VERSION, latest: VERSION }, [`untag x ${PENDING_TAG}`]],
    ['at the end', { latest: VERSION }, []],
  ])('goes on where a run stopped %s', (_, tags, left) => {
    const steps = plan({ ...ALL_PLATFORMS, x: published('x', tags) });
    expect(steps.filter((step) => !/^(present|await)/.test(step))).toEqual(left);
  });

  it('refuses other bytes under the same version before anything is published', () => {
    const other = { versions: { [VERSION]: 'sha512-other' }, tags: {} };
    expect(() => plan({ 'x-win32-x64': other })).toThrowError(
      expect.objectContaining({
        code: 'PUBLISH_FAILED',
        fields: expect.objectContaining({ actual: 'sha512-other', package: 'x-win32-x64' }),
      }),
    );
  });

  it('refuses to move the default tag backwards, but not a tag that was asked for', () => {
    const newer = { versions: { '0.116.0': 'sha512-n' }, tags: { latest: '0.116.0' } };
    expect(() => plan({ x: newer })).toThrowError(
      expect.objectContaining({ code: 'PUBLISH_FAILED' }),
    );
    expect(plan({ x: newer }, { tag: 'latest' })).toContain('tag x@0.115.0 latest');
    expect(plan({ x: newer }, { tag: 'old' })).toContain('tag x@0.115.0 old');
  });

  it('tags with the root where only an identity token publishes, and does nothing after it', () => {
    const steps = plan({}, { tagWithRoot: true });
    expect(steps.slice(-2)).toEqual(['publish x as latest', 'await 1']);
  });

  it('refuses platforms without a root package, and a root without platforms', () => {
    for (const files of [release().files.slice(1), release().files.slice(0, 1)]) {
      expect(() => plan({}, {}, { ...release(), files })).toThrowError(
        expect.objectContaining({ code: 'DAMAGED' }),
      );
    }
  });

  it('has nothing to do for wheels alone', () => {
    expect(plan({}, {}, { ...release(), files: [] })).toEqual([]);
  });
});

it.each([
  ['0.115.0', 'latest'],
  ['0.116.0-alpha.11', 'alpha'],
  ['0.116.0-beta', 'beta'],
  ['0.116.0-0', 'next'],
])('%s is published as %s', (version, tag) => {
  expect(defaultTag(version)).toBe(tag);
});
