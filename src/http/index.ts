export type { HttpRequest, HttpResponse } from './exchange.ts';
export { displayUrl, type UnavailableReason, unavailable, unavailableReason } from './failure.ts';
export type { Credentials } from './hop.ts';
export { createHttp, type Http, type HttpOptions } from './http.ts';
export { aborted, networkFailure } from './network-failure.ts';
export type { ResponseHeaders } from './rate-limit.ts';
export { RETRY_POLICY, type RetryPolicy, waitForRetry, withRetries } from './retry.ts';
