import { fileURLToPath } from 'node:url';

/**
 * The templates that come with this package. The path holds for dist/chunks/, too: like this file,
 * a chunk lies two directories below the package.
 */
export const BUNDLED_TEMPLATES: string = fileURLToPath(
  new URL('../../templates/', import.meta.url),
);
