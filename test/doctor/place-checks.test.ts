import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/index.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { finding, healthyPatient } from '../support/patient.ts';
import { storedRuntime } from '../support/stored-runtime.ts';

/** A home that knows a prefix and a directory of Python packages. */
async function twoPlaces() {
  const { options, dir } = await healthyPatient();
  await storedRuntime(options.home);
  const env = { ...options.env, PATH: process.env['PATH'] ?? '' };
  const node = { ...options, env, prefix: join(dir, 'other') };
  const python = { ...options, env, ecosystem: 'python', prefix: join(dir, 'site') } as const;
  await installRuntime(node);
  await installRuntime(python);
  return { options: { ...options, env }, node, python };
}

describe('the doctor', () => {
  it('looks at the prefixes and Python environments that the home knows', async () => {
    const { options, node, python } = await twoPlaces();
    expect(await finding(options, 'places')).toMatchObject({ status: 'ok', fields: { places: 2 } });
    await rm(join(node.prefix, 'node_modules/codex-cli-bin/index.js'));
    await rm(join(python.prefix, 'codex_cli_bin/codex-path/rg'));
    const { findings, exitStatus } = await diagnose(options);
    const places = findings.filter(({ id }) => id === 'places');
    expect(places).toMatchObject([
      { status: 'warn', fields: { ecosystem: 'node', state: 'damaged' } },
      { status: 'warn', fields: { ecosystem: 'python', state: 'damaged' } },
    ]);
    expect(places[1]?.advice).toContain(`--ecosystem python --prefix ${python.prefix}`);
    // They may be of another project, so they fail nothing here.
    expect(exitStatus).toBe(0);
  });

  it('examines the Python environment that is named', async () => {
    const { python } = await twoPlaces();
    expect(await finding(python, 'installed')).toMatchObject({
      status: 'ok',
      fields: { version: '0.115.0' },
    });
    await rm(join(python.prefix, 'codex_cli_bin/codex-path/rg'));
    const damaged = await diagnose(python);
    expect(damaged.exitStatus).toBe(9);
    expect(damaged.findings.find(({ id }) => id === 'installed')).toMatchObject({
      status: 'fail',
      code: 'DAMAGED',
    });
  });
});
