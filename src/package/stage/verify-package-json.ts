import { asJsonObject, type JsonObject, parseBoundedJson } from '../../json.ts';
import type { PlannedFile } from './package-plan.ts';
import { templateInvalid } from './template-invalid.ts';

/**
 * Checks what npm would otherwise find out on a user's machine: that `package.json` names this
 * package, runs no scripts, and that everything it points at is in the package.
 * @throws CodexRuntimeError `TEMPLATE_INVALID`
 */
export function verifyPackageJson(
  files: readonly PlannedFile[],
  expected: { readonly name: string; readonly version: string },
): void {
  const manifest = parseManifest(files);
  for (const field of ['name', 'version'] as const) {
    if (manifest[field] === expected[field]) continue;
    throw invalid(`its "${field}" is not "{{${field}}}"`, { field, actual: manifest[field] });
  }
  if (Object.keys(asJsonObject(manifest['scripts'])).length > 0) {
    throw invalid('it has "scripts"; packages must install with --ignore-scripts', {
      field: 'scripts',
    });
  }
  const paths = files.map(({ path }) => path);
  const { main, types, exports, bin } = manifest;
  for (const target of strings([main, types, exports, bin])) {
    const path = target.replace(/^\.\//, '');
    if (!paths.includes(path)) {
      throw invalid(`it points at ${target}, which the package does not have`, { file: target });
    }
  }
  verifyFilesList(manifest['files'], paths);
}

/** npm always takes these, whatever `files` says. */
const ALWAYS_PACKED = /^(?:package\.json|readme(?:\.[^/]*)?|licen[cs]e(?:\.[^/]*)?)$/i;

function verifyFilesList(list: unknown, paths: readonly string[]): void {
  if (list === undefined) return;
  const covered = strings(list).map((entry) => entry.replace(/^\.?\//, '').replace(/\/$/, ''));
  const left = paths.find(
    (path) =>
      !ALWAYS_PACKED.test(path) &&
      !covered.some((entry) => path === entry || path.startsWith(`${entry}/`)),
  );
  if (left !== undefined) {
    throw invalid(`its "files" leaves out ${left}`, { field: 'files', file: left });
  }
}

function parseManifest(files: readonly PlannedFile[]): JsonObject {
  const file = files.find(({ path }) => path === 'package.json');
  const text = file !== undefined && 'content' in file ? file.content.toString('utf8') : '';
  try {
    return asJsonObject(parseBoundedJson(text));
  } catch (cause) {
    throw invalid('it is not JSON', { file: 'package.json' }, cause);
  }
}

/** Every string in a value, however deep: `exports` nests conditions. */
function strings(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(strings);
}

function invalid(what: string, fields: Record<string, unknown>, cause?: unknown) {
  return templateInvalid(`The template's package.json is wrong: ${what}.`, fields, cause);
}
