import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { prefixLayout } from '../../../src/place/npm-prefix/layout.ts';
import { prefixError } from '../../../src/place/npm-prefix/prefix-error.ts';
import { tempDir } from '../../support/temp-dir.ts';

it.each([
  ['.', (prefix: string) => `The prefix ${prefix} is not a directory.`],
  ['node_modules', isInTheWay('node_modules')],
  ['node_modules/.bin', isInTheWay('node_modules/.bin')],
])('names %s where that is a file', async (path, message) => {
  const prefix = join(await tempDir(), 'demo');
  await mkdir(join(prefix, path, '..'), { recursive: true });
  await writeFile(join(prefix, path), '');
  const layout = prefixLayout({ prefix, global: false, platform: 'linux' });
  const error = await mkdir(layout.bin, { recursive: true }).catch((cause: unknown) => cause);
  expect(prefixError(error, layout)).toMatchObject({
    code: 'PREFIX_INVALID',
    message: message(prefix),
  });
});

function isInTheWay(path: string) {
  return (prefix: string) => `${join(prefix, path)} is not a directory, and the package needs one.`;
}
