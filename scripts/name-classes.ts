/** As esbuild writes a class that names itself. */
const RENAMED = /\b(\w+)=class _\1\b/g;

/** Gives classes their own names back, which stack traces and errors that nobody caught show. */
export function nameClasses(code: string): string {
  return [...code.matchAll(RENAMED)].reduce(
    (named, [, name = '']) => named.replaceAll(new RegExp(`(?<![\\w$.])_${name}\\b`, 'g'), name),
    code,
  );
}
