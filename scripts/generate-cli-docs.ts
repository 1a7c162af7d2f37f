/** Writes the generated parts of docs/cli.md: `npx tsx scripts/generate-cli-docs.ts`. */
import { readFile, writeFile } from 'node:fs/promises';
import { renderReference } from './cli-reference.ts';

const path = new URL('../docs/cli.md', import.meta.url);
await writeFile(path, await renderReference(await readFile(path, 'utf8')));
