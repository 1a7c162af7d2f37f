/** Writes the lists of cases in docs/platforms.md: `npx tsx scripts/generate-platforms.ts`. */
import { readFile, writeFile } from 'node:fs/promises';
import { renderPlatforms } from './platforms.ts';

const path = new URL('../docs/platforms.md', import.meta.url);
await writeFile(path, renderPlatforms(await readFile(path, 'utf8')));
