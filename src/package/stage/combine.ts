import type { PlannedFile } from './package-plan.ts';
import type { TemplateFile } from './template.ts';
import { templateInvalid } from './template-invalid.ts';

/**
 * Template and runtime side by side, sorted by path. Of two files for one path the package would
 * hold one, and list both. Windows and macOS fold two spellings of a path into one file, too.
 * @throws CodexRuntimeError `TEMPLATE_INVALID`
 */
export function combine(
  template: readonly TemplateFile[],
  runtime: readonly PlannedFile[] = [],
): readonly PlannedFile[] {
  const sources = new Map<string, string | null>();
  for (const { path } of runtime) sources.set(path.toLowerCase(), null);
  for (const { path, source } of template) {
    const other = sources.get(path.toLowerCase());
    if (other === null) {
      throw templateInvalid(`The template's ${source} is in the place of a file of the runtime.`, {
        file: path,
      });
    }
    if (other !== undefined) {
      throw templateInvalid(`The template has two files for ${path}: ${other} and ${source}.`, {
        file: path,
        sources: [other, source],
      });
    }
    sources.set(path.toLowerCase(), source);
  }
  const planned = template.map(
    ({ path, content }): PlannedFile => ({
      path,
      // A wheel's scripts are what pip puts on PATH.
      mode: path.includes('.data/scripts/') ? 0o755 : 0o644,
      content,
    }),
  );
  return [...planned, ...runtime].sort((a, b) => (a.path < b.path ? -1 : 1));
}
