import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { packslipOrigin } from '../../../src/operations/packslip-origin.ts';
import type { PackslipOrigin } from '../../../src/package/pack/index.ts';
import { TARGETS } from '../../../src/target/index.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { packMiniatures } from '../../support/packed-release.ts';
import { tempDir } from '../../support/temp-dir.ts';

const ORIGIN: PackslipOrigin = {
  project: 'github.com/example/codex',
  signer: 'https://github.com/example/codex/.github/workflows/release.yml@refs/tags/v0.115.0',
  issuer: 'https://token.actions.githubusercontent.com',
  source: { repo: 'https://github.com/example/codex', commit: 'a'.repeat(40), tag: 'v0.115.0' },
  publishedAt: '2026-11-30T12:00:00Z',
};

async function schema() {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  formats.default(ajv);
  const text = await readFile(
    join(import.meta.dirname, '../../../docs/packslip-release.schema.json'),
  );
  return ajv.compile(JSON.parse(text.toString()));
}

async function packed(options: Parameters<typeof packMiniatures>[0] = {}) {
  const release = await packMiniatures({ packslip: ORIGIN, ...options });
  const text = await readFile(join(release.out, 'packslip.statement.json'), 'utf8');
  return { ...release, text, statement: JSON.parse(text) };
}

describe('the packslip manifest of a pack', () => {
  it('has every file with digests, and each platform once without a variant', async () => {
    const { out, files, statement } = await packed();
    const { subject, predicateType, predicate } = statement;
    expect(predicateType).toBe('https://packslip.dev/release/v1');
    for (const { name, digest } of subject) {
      const bytes = await readFile(join(out, name));
      expect(digest.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      if (digest.sha512 !== undefined) {
        expect(digest.sha512).toBe(createHash('sha512').update(bytes).digest('hex'));
      }
    }
    const names = subject.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...files.map(({ path }) => path), 'sbom.cdx.json']);
    const { artifacts } = predicate;
    const unasked = artifacts.filter(({ variant }: { variant?: string }) => variant === undefined);
    expect(unasked).toHaveLength(TARGETS.length);
    const keys = artifacts.map((one: Record<string, unknown>) =>
      [one['os'], one['arch'], one['libc'], one['variant'], one['format']].join(),
    );
    expect(new Set(keys).size).toBe(artifacts.length);
    expect(artifacts).toContainEqual(
      expect.objectContaining({
        name: 'codex-cli-bin-win32-x64-0.115.0.tgz',
        os: 'windows',
        arch: 'x86_64',
        format: 'tgz',
        url: 'https://downloads.example/codex-cli-bin-win32-x64-0.115.0.tgz',
        bin: ['package/bin/codex.exe'],
      }),
    );
    expect(artifacts).toContainEqual(
      expect.objectContaining({ os: 'darwin', arch: 'x86_64', requires: { os_min: '10.12' } }),
    );
    expect(predicate).toMatchObject({
      project: 'github.com/example/codex',
      version: '0.115.0',
      published_at: '2026-11-30T12:00:00Z',
      identity: { scheme: 'sigstore-oidc', key_id: ORIGIN.signer, issuer: ORIGIN.issuer },
    });
  });

  it.each([
    ['of npm and Python', {}],
    ['of images', { ecosystems: ['oci'] as const }],
    [
      'without addresses and issuer',
      { downloadUrl: () => null, packslip: { ...ORIGIN, issuer: null } },
    ],
  ])('keeps to its schema: %s', async (_what, options) => {
    const validate = await schema();
    const { statement } = await packed(options);
    expect(validate(statement), JSON.stringify(validate.errors)).toBe(true);
  });

  it('is refused by that schema with one field changed', async () => {
    const validate = await schema();
    const { text } = await packed({ ecosystems: ['node'] });
    for (const [from, to] of [
      ['"https://packslip.dev/release/v1"', '"https://packslip.dev/release/v2"'],
      ['"sigstore-oidc"', '"sigstore"'],
      ['"format": "tgz"', '"format": "rar"'],
      ['"os": "windows"', '"os": "win32"'],
      ['"sha256": "', '"sha256": "A'],
      ['"version": "0.115.0"', '"version": "rust-v0.115.0"'],
      ['"size": ', '"size": -'],
      ['"artifacts": [', '"more": 1, "artifacts": ['],
      ['2026-11-30T12:00:00Z', '2026-11-30'],
    ] as const) {
      expect(text).toContain(from);
      expect(validate(JSON.parse(text.replace(from, to))), from).toBe(false);
    }
  });

  it('says of a static executable that it loads no library, and of others nothing', async () => {
    const programs = [header([1, 2]), header([1, 3]), Buffer.from('#!/bin/sh\n')];
    const said = programs.map(async (executable) => {
      const runtime = await miniatureRuntime(await tempDir(), {
        files: { 'bin/codex': executable },
      });
      const { statement } = await packed({ runtimes: [runtime], ecosystems: ['node'] });
      return statement.predicate.artifacts.map(
        ({ requires }: { requires?: object }) => requires ?? null,
      );
    });
    expect(await Promise.all(said)).toEqual([
      [null, { libs: [] }],
      [null, null],
      [null, null],
    ]);
  });

  it('is not written where nobody is known to sign it', async () => {
    const { out } = await packMiniatures({ ecosystems: ['node'] });
    await expect(readFile(join(out, 'packslip.statement.json'))).rejects.toThrow('ENOENT');
  });
});

/** The beginning of an ELF file of 64 bits with program headers of these kinds. */
function header(kinds: readonly number[]): Buffer {
  const bytes = Buffer.alloc(64 + 56 * kinds.length);
  bytes.writeUInt32BE(0x7f454c46, 0);
  bytes[4] = 2;
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(kinds.length, 56);
  for (const [index, kind] of kinds.entries()) bytes.writeUInt32LE(kind, 64 + 56 * index);
  return bytes;
}

describe('who signs a packslip manifest', () => {
  const GITHUB = {
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'Example/Codex',
    GITHUB_WORKFLOW_REF: 'Example/Codex/.github/workflows/release.yml@refs/tags/v1.2.3',
    GITHUB_SHA: 'b'.repeat(40),
    GITHUB_REF_TYPE: 'tag',
    GITHUB_REF_NAME: 'v1.2.3',
    SOURCE_DATE_EPOCH: '1700000000',
  };

  it('is the job of GitHub Actions', () => {
    expect(packslipOrigin(GITHUB, {})).toEqual({
      project: 'github.com/Example/Codex',
      signer: 'https://github.com/Example/Codex/.github/workflows/release.yml@refs/tags/v1.2.3',
      issuer: 'https://token.actions.githubusercontent.com',
      source: { repo: 'https://github.com/Example/Codex', commit: 'b'.repeat(40), tag: 'v1.2.3' },
      publishedAt: '2023-11-14T22:13:20Z',
    });
  });

  it('is the job of GitLab', () => {
    const env = {
      GITLAB_CI: 'true',
      CI_SERVER_URL: 'https://gitlab.example',
      CI_PROJECT_URL: 'https://gitlab.example/group/sub/codex',
      CI_CONFIG_REF_URI: 'gitlab.example/group/sub/codex//.gitlab-ci.yml@refs/heads/main',
      CI_COMMIT_SHA: 'c'.repeat(40),
    };
    expect(packslipOrigin(env, {})).toMatchObject({
      project: 'gitlab.example/group/sub/codex',
      signer: 'https://gitlab.example/group/sub/codex//.gitlab-ci.yml@refs/heads/main',
      issuer: 'https://gitlab.example',
      source: { commit: 'c'.repeat(40) },
    });
  });

  it('is whoever is named, with the repository that is named', () => {
    const named = { packslipSigner: 'releases@example.com', repository: 'example/codex' };
    expect(packslipOrigin({}, named)).toMatchObject({
      project: 'github.com/example/codex',
      signer: 'releases@example.com',
      issuer: null,
    });
    expect(() => packslipOrigin({}, { packslipSigner: 'releases@example.com' })).toThrow(
      'needs the repository',
    );
    expect(packslipOrigin({}, { repository: 'example/codex' })).toBeUndefined();
  });
});
