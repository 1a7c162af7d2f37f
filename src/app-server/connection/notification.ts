import type { ServerNotificationEnvelope } from '../generated/protocol.ts';

/**
 * What the server tells by itself. The union names what the pinned runtime sends; what a newer one
 * adds, methods and fields alike, is passed on in the same shape, so a `switch` needs a `default`.
 */
export type Notification = ServerNotificationEnvelope;

/** Whom a notification is about, wherever its parameters say it. */
export interface NotificationScope {
  readonly threadId: string | undefined;
  readonly turnId: string | undefined;
}

interface ScopedParams {
  readonly threadId?: unknown;
  readonly turnId?: unknown;
  readonly thread?: { readonly id?: unknown } | null;
  readonly turn?: { readonly id?: unknown } | null;
}

/** Reads the scope of any method's parameters, known or not. */
export function scopeOf(params: unknown): NotificationScope {
  if (typeof params !== 'object' || params === null) return NOWHERE;
  const { threadId, turnId, thread, turn } = params as ScopedParams;
  return { threadId: text(threadId ?? thread?.id), turnId: text(turnId ?? turn?.id) };
}

const NOWHERE: NotificationScope = { threadId: undefined, turnId: undefined };

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
