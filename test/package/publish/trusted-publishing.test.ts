import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import gte from 'semver/functions/gte.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PublishRequest, publishRelease } from '../../../src/package/publish/index.ts';
import { settingsFrom } from '../../../src/request/settings.ts';
import { REPOSITORY, startCiIdentity } from '../../support/ci-identity.ts';
import { packTwo, shownDocument } from '../../support/publishing.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { startTrustingRegistry, type TrustingRegistry } from '../../support/trusting-registry.ts';
import { startRegistry, type TestRegistry } from '../../support/verdaccio.ts';

/** Earlier ones, as Node 20 and 22 bring them, know no trusted publishers. */
const npmExchanges = gte(execFileSync('npm', ['--version'], { encoding: 'utf8' }).trim(), '11.5.1');

let upstream: TestRegistry;
beforeAll(async () => {
  upstream = await startRegistry();
});
afterAll(() => upstream.close());

const trusting = (repository = REPOSITORY) => startTrustingRegistry(upstream.url, { repository });

/** Publishes as a user without any stored credential, whose surroundings are `env`. */
async function publish(
  registry: TrustingRegistry,
  { out }: { readonly out: string },
  { env, ...request }: Partial<PublishRequest> & { env: Readonly<Record<string, string>> },
) {
  const home = await tempDir();
  const userconfig = join(home, '.npmrc');
  await writeFile(userconfig, `registry=${registry.url}/\nfetch-retries=0\ncache=${home}/cache\n`);
  const own = { PATH: process.env['PATH'], HOME: home, npm_config_userconfig: userconfig };
  const host = { platform: 'linux', arch: 'x64' } as const;
  return publishRelease({
    directory: out,
    settings: settingsFrom({ ...own, ...env }, { cwd: home, host }),
    ...request,
  });
}

const tags = async (name: string) => (await shownDocument(upstream.url, name))['dist-tags'];

const note = npmExchanges ? '' : ' (skipped: this npm is older than 11.5.1)';

describe.runIf(npmExchanges)(`publishRelease with the identity of a job${note}`, () => {
  it('publishes by it alone, each package with a token of its own, and tags with the root', async () => {
    const release = await packTwo('trusted');
    await using registry = await trusting();
    await using job = await startCiIdentity();
    await publish(registry, release, { env: job.env });
    const names = ['trusted-darwin-arm64', 'trusted-linux-x64', 'trusted'];
    expect(registry.exchanges).toEqual(names);
    expect(registry.publishes).toEqual(
      names.map((name) => ({ name, tag: 'latest', bundle: null })),
    );
    expect(job.audiences).toEqual(names.map(() => 'npm:127.0.0.1'));
    expect(job.reached).toEqual([]);
    expect(await tags('trusted')).toEqual({ latest: '0.115.0' });
  });

  it('has npm sign the provenance of every package with it', async () => {
    const release = await packTwo('signed');
    await using registry = await trusting();
    await using job = await startCiIdentity();
    await publish(registry, release, { env: job.env, provenance: true, access: 'public' });
    expect(new Set(job.audiences)).toEqual(new Set(['npm:127.0.0.1', 'sigstore']));
    expect(new Set(job.reached)).toEqual(
      new Set(['fulcio.sigstore.dev:443', 'rekor.sigstore.dev:443']),
    );
    const packed = release.files.map(({ package: { name, version }, integrity }) => ({
      name: `pkg:npm/${name}@${version}`,
      digest: {
        sha512: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex'),
      },
    }));
    const statements = registry.publishes.map(({ bundle }) =>
      JSON.parse(Buffer.from(bundle?.dsseEnvelope.payload ?? '', 'base64').toString()),
    );
    expect(statements.flatMap(({ subject }) => subject)).toHaveLength(3);
    expect(statements.flatMap(({ subject }) => subject)).toEqual(expect.arrayContaining(packed));
    for (const { predicate } of statements) {
      expect(predicate.buildDefinition).toMatchObject({
        externalParameters: {
          workflow: {
            repository: `https://github.com/${REPOSITORY}`,
            path: '.github/workflows/release-codex.yml',
            ref: 'refs/heads/main',
          },
        },
        internalParameters: { github: { event_name: 'workflow_dispatch', repository_id: '1' } },
      });
      expect(predicate.runDetails.builder.id).toContain('github-hosted');
    }
  });

  it("passes on a registry's reason, and none of the job's secrets", async () => {
    const release = await packTwo('refused');
    await using registry = await trusting();
    await using job = await startCiIdentity();
    const token = job.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '';
    registry.refusal = { status: 422, error: `repository.url does not match; ${token}` };
    const request = { env: job.env, provenance: true, access: 'public' } as const;
    const error = await publish(registry, release, request).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'PUBLISH_FAILED',
      message: expect.stringContaining('repository.url does not match'),
      fields: { npm: 'E422' },
      hint: expect.stringContaining('--repository'),
    });
    expect(JSON.stringify(error)).not.toContain(token);
  });
});

describe('publishRelease without what it takes', () => {
  it('says what is missing when no trusted publisher fits, and publishes nothing', async () => {
    const release = await packTwo('distrusted');
    await using registry = await trusting('somebody/else');
    await using job = await startCiIdentity();
    await expect(publish(registry, release, { env: job.env })).rejects.toMatchObject({
      code: 'PUBLISH_FAILED',
      message: expect.stringMatching(/could not publish [\w-]+: need auth /),
      fields: { npm: 'ENEEDAUTH' },
      hint: expect.stringContaining('trusted publisher'),
    });
    expect(registry.publishes).toEqual([]);
  });
});

describe('publishRelease with provenance', () => {
  it.each([
    ['on a machine of somebody', {}],
    ['in a CI that npm cannot sign in', { CI: 'true', CIRCLECI: 'true', NPM_ID_TOKEN: 'jwt' }],
    ['in GitHub Actions without an identity', { CI: 'true', GITHUB_ACTIONS: 'true' }],
    ['in GitLab without an identity', { CI: 'true', GITLAB_CI: 'true', NPM_ID_TOKEN: 'jwt' }],
  ])('refuses %s before the registry is asked, in a dry run too', async (_, env) => {
    const release = await packTwo('unsigned');
    await using registry = await trusting();
    for (const dryRun of [false, true]) {
      await expect(
        publish(registry, release, { env, provenance: true, dryRun }),
      ).rejects.toMatchObject({ code: 'PUBLISH_FAILED', fields: { provenance: false } });
    }
    expect(registry.requests).toEqual([]);
  });
});
