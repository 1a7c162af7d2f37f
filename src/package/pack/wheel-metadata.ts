import { createHash } from 'node:crypto';
import { parseTarget } from '../../target/index.ts';
import type { PackagePlan, PlannedFile } from '../stage/index.ts';

/** The name of a wheel: PEP 427, with a compressed tag set where several platforms take it. */
export function wheelName(plan: PackagePlan): string {
  return `${plan.name}-${plan.version}-py3-none-${platformTags(plan).join('.')}.whl`;
}

function platformTags({ target }: PackagePlan): readonly string[] {
  return target === null ? ['any'] : parseTarget(target).wheelTags;
}

/**
 * The members that a wheel has beyond its plan: `WHEEL`, which names the tags, and `RECORD`, which
 * lists every member with its digest.
 */
export function wheelMetadata(
  plan: PackagePlan,
): readonly { readonly path: string; readonly mode: number; readonly content: Buffer }[] {
  const distInfo = `${plan.name}-${plan.version}.dist-info`;
  const wheel = { path: `${distInfo}/WHEEL`, mode: 0o644, content: wheelFile(platformTags(plan)) };
  const record = `${distInfo}/RECORD`;
  const lines = [...plan.files, wheel].map(recordOf);
  const content = Buffer.from(`${[...lines, `${record},,`].join('\n')}\n`, 'utf8');
  return [wheel, { path: record, mode: 0o644, content }];
}

function wheelFile(tags: readonly string[]): Buffer {
  return Buffer.from(
    [
      'Wheel-Version: 1.0',
      'Generator: codex-runtime',
      'Root-Is-Purelib: false',
      ...tags.map((tag) => `Tag: py3-none-${tag}`),
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
