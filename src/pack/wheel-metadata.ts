import { createHash } from 'node:crypto';
import { CodexRuntimeError } from '../errors.ts';
import type { PackagePlan, PlannedFile } from '../stage/index.ts';
import { parseTarget } from '../target/index.ts';

/** The name of a wheel: PEP 427, with compressed tag sets where it serves several platforms. */
export function wheelName(plan: PackagePlan, platformTags: readonly string[]): string {
  verifyTags(plan, platformTags);
  return `${plan.name}-${plan.version}-py3-none-${platformTags.join('.')}.whl`;
}

/**
 * The members that a wheel has beyond its plan: `WHEEL`, which names the tags, and `RECORD`, which
 * lists every member with its digest.
 */
export function wheelMetadata(
  plan: PackagePlan,
  platformTags: readonly string[],
): readonly { readonly path: string; readonly mode: number; readonly content: Buffer }[] {
  verifyTags(plan, platformTags);
  const distInfo = `${plan.name}-${plan.version}.dist-info`;
  const wheel = { path: `${distInfo}/WHEEL`, mode: 0o644, content: wheelFile(platformTags) };
  const record = `${distInfo}/RECORD`;
  const lines = [...plan.files, wheel].map(recordOf);
  const content = Buffer.from(`${[...lines, `${record},,`].join('\n')}\n`, 'utf8');
  return [wheel, { path: record, mode: 0o644, content }];
}

function wheelFile(platformTags: readonly string[]): Buffer {
  return Buffer.from(
    [
      'Wheel-Version: 1.0',
      'Generator: codex-runtime',
      'Root-Is-Purelib: false',
      ...platformTags.map((tag) => `Tag: py3-none-${tag}`),
      '',
    ].join('\n'),
    'utf8',
  );
}

/** How RECORD lists a member: its path as CSV, its SHA-256 in URL-safe base64, its size. */
export function recordLine(path: string, sha256: Buffer, size: number): string {
  return `${csvField(path)},sha256=${sha256.toString('base64url')},${size}`;
}

function recordOf(file: PlannedFile): string {
  return 'content' in file
    ? recordLine(file.path, createHash('sha256').update(file.content).digest(), file.content.length)
    : recordLine(file.path, Buffer.from(file.sha256, 'hex'), file.size);
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function verifyTags(plan: PackagePlan, platformTags: readonly string[]): void {
  const known = plan.target === null ? [] : parseTarget(plan.target).wheelTags;
  const unknown = platformTags.find((tag) => !known.includes(tag));
  if (unknown === undefined && platformTags.length > 0) return;
  throw new CodexRuntimeError(
    'UNSUPPORTED_PLATFORM',
    `A wheel for ${plan.target} cannot have the tag "${unknown ?? ''}".`,
    {
      hint: `Its tags are: ${known.join(', ')}.`,
      fields: { target: plan.target, tag: unknown ?? null },
    },
  );
}
