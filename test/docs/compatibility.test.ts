import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  CELLS,
  type CompatibilityLog,
  compatibilityPage,
  faultsOf,
  readReport,
} from '../../scripts/compatibility-table.ts';

const around = { node: 'v20.0.0', platform: 'linux' };

describe('faultsOf', () => {
  const whole = () =>
    Object.fromEntries(CELLS.map((cell) => [cell, { 'a turn': { passed: 2, failed: [] } }]));

  it('finds none in a log in which every cell passed', () => {
    expect(faultsOf({ ...around, cells: whole() })).toEqual([]);
  });

  it('names a cell without a log, an area without one, and what failed', () => {
    const cells: Record<string, Record<string, { passed: number; failed: string[] }>> = whole();
    delete cells['0.142.0:socket'];
    cells['0.171.0:stdio'] = { 'a turn': { passed: 1, failed: ['steers'] } };
    expect(faultsOf({ ...around, cells })).toEqual([
      '0.142.0:socket: a turn has no log',
      '0.171.0:stdio: a turn steers failed',
    ]);
    expect(faultsOf({ ...around, cells: {} })).toEqual(['Nothing was run.']);
  });
});

describe('compatibilityPage', () => {
  it('has a column for each version and way, and marks what cannot be and what is missing', () => {
    const cells = {
      '0.115.0:stdio': { 'a turn': { passed: 3, failed: [] } },
      '0.142.0:stdio': { 'a turn': { passed: 2, failed: ['steers'] } },
    };
    const page = compatibilityPage({ ...around, cells });
    expect(page).toMatch(/^\| a turn +\| 3 +\| – +\| 2 of 3 +\| \? +\|/m);
    expect(page).toContain('- 0.142.0 over stdio: a turn steers');
  });
});

describe('readReport', () => {
  it('counts by area what ran for its cell', () => {
    const result = (describe: string, title: string, status: string) => ({
      ancestorTitles: [describe],
      title,
      status,
    });
    const report = {
      testResults: [
        {
          assertionResults: [
            result('a turn on Codex 0.150.0 over stdio', 'one', 'passed'),
            result('a turn on Codex 0.150.0 over stdio', 'two', 'failed'),
            result('a turn on Codex 0.150.0 over socket', 'one', 'passed'),
            result('something else', 'one', 'passed'),
          ],
        },
      ],
    };
    expect(readReport(report, '0.150.0:stdio')).toEqual({
      'a turn': { passed: 1, failed: ['two'] },
    });
  });
});

describe('docs/compatibility.md', () => {
  const load = (extension: string) =>
    readFile(new URL(`../../docs/compatibility.${extension}`, import.meta.url), 'utf8');

  it('shows its log, which has every cell and no failure (npm run compatibility)', async () => {
    const log = JSON.parse(await load('json')) as CompatibilityLog;
    expect(faultsOf(log)).toEqual([]);
    expect(await load('md')).toBe(compatibilityPage(log));
  });
});
