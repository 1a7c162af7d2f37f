import type { CodexRuntimeError } from '../errors.ts';
import { unavailable } from './http/index.ts';

/** Whether a body begins like a web page: nothing that is downloaded here does. */
export function isWebPage(start: Buffer): boolean {
  return /^\s*<(!doctype html|html)/i.test(start.subarray(0, 64).toString('latin1'));
}

/**
 * A `SOURCE_UNAVAILABLE` (`not-an-asset`): a page came where an asset was asked for.
 * @param shown where it came from, safe to show
 */
export function webPage(
  shown: string,
  facts: { readonly url?: URL; readonly status?: number } = {},
): CodexRuntimeError {
  return unavailable(`${shown} is a web page, not an archive.`, {
    ...facts,
    reason: 'not-an-asset',
    hint: 'A login page or a proxy may have answered instead.',
  });
}
