import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { walkOfInstall } from '../../scripts/walk.ts';
import { drawWalk } from '../../scripts/walk-svg.ts';

const ROOT = new URL('../../', import.meta.url);

it('docs/walk.svg is what scripts/draw-walk.ts draws from the sources of today', async () => {
  const picture = await readFile(new URL('docs/walk.svg', ROOT), 'utf8');
  expect(picture).toBe(drawWalk(await walkOfInstall()));
});

it('is shown in ARCHITECTURE.md', async () => {
  const page = await readFile(new URL('ARCHITECTURE.md', ROOT), 'utf8');
  expect(page).toContain('](docs/walk.svg)');
});

it('goes from the command to the result, and asks the place before and after it fetches', async () => {
  const names = (await walkOfInstall()).map(({ name }) => name);
  const order = [
    'install',
    'installRuntime',
    'settingsOf',
    'openPlace',
    'place.survey',
    'openRequest',
    'exactRequest',
    'findStored',
    'place.accept',
    'provisionRuntime',
    'workOnce',
    'tryCandidates',
    'fetchAndUnpack',
    'receiveAsset',
    'extractRuntime',
    'check',
    'commitRuntime',
    'place.install',
    'printResult',
  ];
  expect(names.filter((name) => order.includes(name))).toEqual(order);
});
