/** Writes the generated parts of docs/library.md: `npx tsx scripts/generate-library-docs.ts`. */
import { readFile, writeFile } from 'node:fs/promises';
import { renderLibraryReference } from './library-reference.ts';

const path = new URL('../docs/library.md', import.meta.url);
await writeFile(path, await renderLibraryReference(await readFile(path, 'utf8')));
