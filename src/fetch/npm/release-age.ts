import { CodexRuntimeError } from '../../errors.ts';
import { ageRule, type ReleaseAge } from '../../pin/index.ts';
import type { Settings } from '../../request/index.ts';
import { loadNpmOptions, type NpmOptions } from './options.ts';

/**
 * npm's `min-release-age` (or `before`), as npm itself reads it from its configuration.
 * @param exempt the package that `min-release-age-exclude` may exempt; null for none
 * @returns null where the configuration has neither
 * @throws CodexRuntimeError `USAGE` for a value that is not a number of days or a date: npm ignores a
 * negative one and fails late with the others
 */
export async function npmReleaseAge(
  settings: Pick<Settings, 'env' | 'cwd'>,
  exempt: string | null,
): Promise<ReleaseAge | null> {
  const options = await loadNpmOptions(settings);
  const { before } = options;
  if (before === null || before === undefined) return null;
  const rule = readRule(options, before);
  if (rule === null || exempt === null || !(await isExempt(options, exempt))) return rule;
  return null;
}

function readRule({ minReleaseAge: days }: NpmOptions, before: Date): ReleaseAge | null {
  const cutoff = before.getTime();
  if (days !== null && typeof days !== 'number') throw malformed('min-release-age', String(days));
  if (days !== null && days < 0) throw malformed('min-release-age', String(days));
  if (Number.isNaN(cutoff)) throw malformed('before', 'not a date');
  const now = Date.now();
  const isAge = days !== null && Math.abs(now - days * DAY - cutoff) < CLOSE;
  if (isAge) return ageRule({ ms: days * DAY, origin: "npm's min-release-age" }, now);
  if (cutoff >= now) return null;
  return { cutoff, rule: `npm's before asks for releases up to ${before.toISOString()}` };
}

const DAY = 86_400_000;
/** npm computes the date while it reads its configuration. */
const CLOSE = 60_000;

function malformed(setting: string, value: string): CodexRuntimeError {
  const wanted = setting === 'before' ? 'a date' : 'a number of days';
  return new CodexRuntimeError('USAGE', `npm's ${setting} is ${value}, and has to be ${wanted}.`, {
    hint: `Correct ${setting} in your .npmrc files or npm_config_${setting.replaceAll('-', '_')}, or name an age with --min-release-age.`,
    fields: { setting, value },
  });
}

/** As npm's own filter matches names: patterns that could exempt everything by a slip are literal. */
async function isExempt(
  { minReleaseAgeExclude: patterns = [] }: NpmOptions,
  name: string,
): Promise<boolean> {
  if (patterns.length === 0) return false;
  const { minimatch } = await import('minimatch');
  const literal = { nonegate: true, nocomment: true, noext: true };
  return patterns.some((pattern) => name === pattern || minimatch(name, pattern, literal));
}
