import type { RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';
import { createHttp, type Http, type HttpOptions } from '../../src/fetch/http/index.ts';
import { type FaultServer, startRawServer, startServer } from './fault-server.ts';

/** What was opened, to be closed when the test ends. */
export function closing<T extends { close(): Promise<void> }>(opened: T): T {
  onTestFinished(() => opened.close());
  return opened;
}

/** An HTTP layer that tries once, for as long as the test lasts. */
export function openHttp(
  options: HttpOptions = {},
  env: Readonly<Record<string, string>> = {},
): Http {
  return closing(createHttp({ env }, { retry: { attempts: 1 }, ...options }));
}

/** As `startServer`, for as long as the test lasts. */
export async function serve(answer: RequestListener): Promise<FaultServer> {
  return closing(await startServer(answer));
}

/** As `startRawServer`, for as long as the test lasts. */
export async function serveRaw(answer: RawAnswer): Promise<FaultServer> {
  return closing(await startRawServer(answer));
}

export type RawAnswer = Parameters<typeof startRawServer>[0];
