import { describe, expect, it, onTestFinished } from 'vitest';
import { diagnose, type Finding } from '../../src/doctor/index.ts';
import { makeCertificate, startTlsServer } from '../support/certificate.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { startProxy } from '../support/loopback-proxy.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { healthyPatient } from '../support/patient.ts';

async function loopback(): Promise<LoopbackGitHub> {
  const github = await startLoopbackGitHub({ releases: [await miniatureRelease('0.115.0')] });
  onTestFinished(() => github.close());
  return github;
}

/** What the doctor says about the network, by id. */
async function examine(env: Readonly<Record<string, string>>) {
  const { options } = await healthyPatient();
  const diagnosis = await diagnose({
    ...options,
    offline: false,
    env: { ...options.env, npm_config_fetch_timeout: '3000', ...env },
  });
  const network = diagnosis.findings.filter(({ id }) => id.startsWith('network'));
  const by = Object.fromEntries(network.map((found) => [found.id, found])) as Record<
    string,
    Finding
  >;
  return { diagnosis, by };
}

describe('of the network, the doctor finds', () => {
  it('the channels that answer', async () => {
    const github = await loopback();
    const { by, diagnosis } = await examine(github.env);
    expect(by['network']).toMatchObject({
      status: 'ok',
      fields: { reachable: ['github', 'mirror', 'npm'], proxy: null },
    });
    expect(diagnosis.exitStatus).toBe(0);
  });

  it('the one that does not answer, which stops nothing', async () => {
    const github = await loopback();
    github.fail({ route: 'mirror-latest', status: 503 });
    const { by, diagnosis } = await examine(github.env);
    expect(by['network.mirror']).toMatchObject({
      status: 'warn',
      fields: { channel: 'mirror', reachable: false, reason: 'server-error' },
    });
    expect(by['network']).toMatchObject({ status: 'ok', fields: { reachable: ['github', 'npm'] } });
    expect(diagnosis.healthy).toBe(true);
  });

  it('a rate limit', async () => {
    const github = await loopback();
    const reset = String(Math.round(Date.now() / 1000) + 3600);
    github.fail({
      route: 'unknown',
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
    });
    const { by } = await examine(github.env);
    expect(by['network.github']).toMatchObject({
      status: 'warn',
      fields: { reason: 'rate-limited' },
    });
  });

  it('that nothing answers', async () => {
    const github = await loopback();
    await github.close();
    const { by, diagnosis } = await examine(github.env);
    expect(by['network']).toMatchObject({ status: 'fail', code: 'SOURCES_EXHAUSTED' });
    expect(diagnosis.exitStatus).toBe(5);
  });

  it('a proxy that asks for a password, and does not show the one it was given', async () => {
    const github = await loopback();
    const proxy = await startProxy('Basic right');
    onTestFinished(() => proxy.close());
    const url = proxy.url.replace('//', '//user:canary@');
    // Loopback is asked directly unless a name stands for it.
    const env = Object.fromEntries(
      Object.entries(github.env).map(([name, value]) => [
        name,
        value.replace('127.0.0.1', 'codex.localhost'),
      ]),
    );
    const { by, diagnosis } = await examine({ ...env, HTTP_PROXY: url, HTTPS_PROXY: url });
    expect(by['network']).toMatchObject({
      status: 'fail',
      fields: { proxy: new URL(proxy.url).host },
    });
    expect(by['network']?.advice).toContain('proxy');
    expect(by['network.github']?.fields).toMatchObject({ reason: 'proxy', status: 407 });
    expect(JSON.stringify(diagnosis)).not.toContain('canary');
  });

  it('something that shows a certificate of its own', async () => {
    const { dir } = await healthyPatient();
    const tls = await startTlsServer(makeCertificate(dir, ['127.0.0.1']), (_, response) =>
      response.end('{}'),
    );
    onTestFinished(() => tls.close());
    const { by } = await examine({
      GITHUB_API_URL: tls.url,
      CODEX_RUNTIME_MIRROR_URL: tls.url,
      npm_config_registry: tls.url,
    });
    expect(by['network']).toMatchObject({ status: 'fail', code: 'SOURCES_EXHAUSTED' });
    expect(by['network']?.advice).toContain('NODE_EXTRA_CA_CERTS');
  });

  it('a proxy variable that cannot be read', async () => {
    const { by, diagnosis } = await examine({ HTTPS_PROXY: 'ftp://nowhere' });
    expect(by['network.proxy']).toMatchObject({ status: 'fail', code: 'USAGE' });
    expect(diagnosis.exitStatus).toBe(2);
  });
});
