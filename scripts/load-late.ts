/** esbuild's own names for what it imports, a package's module in another chunk among them. */
const REQUIRED = /^var (import_\w+) = (.+);$/gm;
/** A chunk that is imported for its order alone; what it holds runs on first use. */
const BARE = /^require\("\.[^"]+"\);$/gm;
const CHUNK = /\brequire\("\.[^"]*?([^"/]+)\.js"\)/g;
const DYNAMIC = /\bimport\("(\.[^"]*?)([^"/]+)\.js"\)/g;
/** What the library's own entries are called from a chunk: they are files of their own. */
const ENTRY = /^\.\.\/(?!chunks\/)/;

/**
 * Lets CommonJS that esbuild made of an ES module load what it imports on first use, chunks by their
 * name: a run with nothing to do needs a tenth of what it might.
 */
export function loadLate(code: string): string {
  const names = new Map<string, string>();
  const late = code.replace(BARE, '').replace(REQUIRED, (_, long: string, value: string) => {
    const name = `$${names.size}`;
    names.set(long, name);
    return `const ${name} = loadOnce(() => ${value.replace(CHUNK, "loadChunk('$1')")});`;
  });
  return late.replace(/\bimport_\w+/g, (word) =>
    names.has(word) ? `(${names.get(word)}())` : word,
  );
}

/** For an ES module before it becomes CommonJS, of which Node's `import()` would guess the names. */
export function importChunks(code: string): string {
  return code.replace(DYNAMIC, (_, place: string, name: string) =>
    ENTRY.test(place)
      ? `Promise.resolve().then(() => require('${place}${name}.js'))`
      : `importChunk('${name}')`,
  );
}
