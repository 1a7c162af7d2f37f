import type { AssetSource } from '../asset.ts';
import { isCodexRuntimeError } from '../errors.ts';
import type { ByteSource, Opened, Range } from './byte-source.ts';
import { webPage } from './download-failure.ts';
import { displayUrl, type HttpRequest, type HttpResponse } from './http/index.ts';

/** How a URL is asked: by our HTTP rules alone, or with npm's agent and credentials. */
export type OpenUrl = (url: string, request: HttpRequest) => Promise<HttpResponse>;

/** A source that speaks HTTP. `request` adds credentials and headers of its kind. */
export function createHttpSource(
  { kind, url }: { readonly kind: AssetSource['kind']; readonly url: string },
  openUrl: OpenUrl,
  request: Pick<HttpRequest, 'headers' | 'credentials'> = {},
): ByteSource {
  const whole = async (signal: AbortSignal): Promise<Opened> =>
    openedBy(await openUrl(url, { ...request, signal }), 0);

  return {
    kind,
    address: displayUrl(new URL(url)),
    async open(range, signal) {
      if (range === null) return whole(signal);
      const headers = {
        ...request.headers,
        range: `bytes=${range.offset}-${range.end === null ? '' : range.end - 1}`,
        ...(isStrong(range.validator) ? { 'if-range': range.validator } : {}),
      };
      let answer: HttpResponse;
      try {
        answer = await openUrl(url, { ...request, headers, signal });
      } catch (error) {
        if (isBeyondEnd(error)) return whole(signal);
        throw error;
      }
      if (answer.status !== 206) return openedBy(answer, 0);
      if (isWanted(answer, range)) return openedBy(answer, range.offset);
      answer.body.destroy();
      return whole(signal);
    },
    close: () => Promise.resolve(),
  };
}

/** 416: what is there now is shorter than what was there before. */
function isBeyondEnd(error: unknown): boolean {
  return isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE') && error.fields['status'] === 416;
}

/** A 206 is taken only when it is exactly what was asked for, of the same edition. */
function isWanted(answer: HttpResponse, range: Range): boolean {
  const parsed = parseContentRange(answer);
  if (parsed === null || parsed.offset !== range.offset) return false;
  if (range.end !== null && parsed.end > range.end) return false;
  if (range.total !== null && parsed.total !== null && parsed.total !== range.total) return false;
  const validator = validatorOf(answer);
  // RFC 9110 lets a 206 to an If-Range leave out what the client already has.
  return validator === '' || range.validator === '' || validator === range.validator;
}

function openedBy(answer: HttpResponse, offset: number): Opened {
  const url = displayUrl(answer.url);
  if (/^\s*(text\/html|application\/xhtml)/i.test(answer.headers['content-type'] ?? '')) {
    answer.body.destroy();
    throw webPage(url, { url: answer.url, status: answer.status });
  }
  const total = totalOf(answer);
  return { offset, total, validator: validatorOf(answer), body: answer.body, url };
}

/** Bytes of the whole asset; null where the answer does not say. */
function totalOf(answer: HttpResponse): number | null {
  if (answer.status === 206) return parseContentRange(answer)?.total ?? null;
  const length = answer.headers['content-length'];
  return length === undefined ? null : Number(length);
}

function parseContentRange(
  answer: HttpResponse,
): { readonly offset: number; readonly end: number; readonly total: number | null } | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.headers['content-range']?.trim() ?? '');
  if (match === null) return null;
  return {
    offset: Number(match[1]),
    end: Number(match[2]) + 1,
    total: match[3] === '*' ? null : Number(match[3]),
  };
}

function validatorOf({ headers }: HttpResponse): string {
  return headers['etag']?.trim() || headers['last-modified']?.trim() || '';
}

/** If-Range takes strong ETags and dates only; a weak ETag says nothing about bytes. */
function isStrong(validator: string): boolean {
  return validator !== '' && !validator.startsWith('W/');
}
