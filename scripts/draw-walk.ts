/** Writes docs/walk.svg, the walk of an installation: `npx tsx scripts/draw-walk.ts`. */
import { writeFile } from 'node:fs/promises';
import { walkOfInstall } from './walk.ts';
import { drawWalk } from './walk-svg.ts';

await writeFile(new URL('../docs/walk.svg', import.meta.url), drawWalk(await walkOfInstall()));
