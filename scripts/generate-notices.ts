/** Writes THIRD_PARTY_NOTICES; a test says when it is out of date. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundledPackages, noticesText } from './bundled-packages.ts';
import { compiledInputs, ROOT } from './compile.ts';

const text = noticesText(await bundledPackages(ROOT, await compiledInputs()));
await writeFile(join(ROOT, 'THIRD_PARTY_NOTICES'), text);
