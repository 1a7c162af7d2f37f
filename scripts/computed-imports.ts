/**
 * The arguments of `import()` in bundled text that are no literals, shortened. Where `require` stands
 * for `import()`, they fail only when they run.
 */
export function computedImports(text: string): readonly string[] {
  return [...text.matchAll(/\bimport\((?!["'`])(.{0,40})/g)].map(([, argument = '']) => argument);
}
