import type { Body } from './body.ts';

/** Milliseconds. */
export interface HttpTimeouts {
  /** Until a connection stands, all addresses of a host together. */
  readonly connect: number;
  /** From then until the answer's headers. */
  readonly headers: number;
  /** Without a byte of the body: the connection stalled. 0 for no limit. */
  readonly stall: number;
  /** Without an answer, until that is told. Default 5 s. */
  readonly notice?: number;
}

/** What a request sends. */
export interface Content {
  /** Bytes. */
  readonly size: number;
  /** Opened once for each attempt. */
  open(): AsyncIterable<Buffer>;
}

export interface ClientRequest {
  readonly url: URL;
  /** Default GET. */
  readonly method?: string | undefined;
  readonly content?: Content | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Body;
}

/** One kind of way to the servers; its connections are kept for further requests. */
export interface Client {
  /**
   * One request. Resolves with the final answer's head; rejects with the client's own error, or with
   * anything once the signal has aborted. See `networkFailure`.
   */
  get(request: ClientRequest): Promise<Answer>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Response headers by lower-case name; of repeated ones the first. */
export type ResponseHeaders = Readonly<Record<string, string | undefined>>;

/** Of headers as the clients give them: by lower-case name, and lists of what was repeated. */
export function firstValues(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): ResponseHeaders {
  const entries = Object.entries(headers).map(([name, value]): [string, string | undefined] => [
    name,
    typeof value === 'object' ? value[0] : value,
  ]);
  return Object.fromEntries(entries);
}
