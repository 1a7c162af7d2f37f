import { expect, test } from 'vitest';
import type { NpmOptions } from '../../../src/fetch/npm/options.ts';
import { tarballUrl } from '../../../src/fetch/npm/tarball-url.ts';

const PUBLIC = 'https://public.example';
const NPM = 'https://npm.example:8443/api/npm/all/';
const PATH = '/@openai/codex/-/codex-1.tgz';

test.each([
  // By default the public host alone is replaced, scheme, port and path included.
  [undefined, PUBLIC + PATH, NPM, `https://npm.example:8443/api/npm/all${PATH}`],
  ['npmjs', PUBLIC + PATH, NPM, `https://npm.example:8443/api/npm/all${PATH}`],
  ['npmjs', PUBLIC + PATH, 'https://npm.example/', `https://npm.example${PATH}`],
  ['npmjs', PUBLIC + PATH, `${PUBLIC}/`, PUBLIC + PATH],
  ['npmjs', `https://cdn.example${PATH}`, NPM, `https://cdn.example${PATH}`],
  [
    'npmjs',
    `https://npm.example:8443/api/npm/all${PATH}`,
    NPM,
    `https://npm.example:8443/api/npm/all${PATH}`,
  ],
  ['never', PUBLIC + PATH, NPM, PUBLIC + PATH],
  ['always', `https://cdn.example${PATH}`, NPM, `https://npm.example:8443/api/npm/all${PATH}`],
  [
    'always',
    `https://cdn.example/api/npm/all${PATH}`,
    NPM,
    `https://npm.example:8443/api/npm/all${PATH}`,
  ],
  ['cdn.example', `https://cdn.example${PATH}`, NPM, `https://npm.example:8443/api/npm/all${PATH}`],
  ['cdn.example', PUBLIC + PATH, NPM, PUBLIC + PATH],
  [
    'https://cdn.example/old',
    `https://cdn.example/old${PATH}`,
    NPM,
    `https://npm.example:8443/api/npm/all${PATH}`,
  ],
  [
    'https://cdn.example/old',
    `https://cdn.example/older${PATH}`,
    NPM,
    `https://cdn.example/older${PATH}`,
  ],
])(
  'replace-registry-host=%s makes of %s at %s: %s',
  (replaceRegistryHost, url, registry, expected) => {
    const options = { replaceRegistryHost, publicRegistry: `${PUBLIC}/` } as unknown as NpmOptions;
    expect(tarballUrl(url, registry, options)).toBe(expected);
  },
);
