import { anySignal } from '../abort.ts';
import type { Client } from './client.ts';
import { onAbort } from './connection/abort-listeners.ts';
import type { Notification } from './connection/notification.ts';
import { AbortedError } from './errors.ts';
import type { CallOptions } from './session.ts';

/** The notifications with one of these methods. */
export type NotificationOf<M extends Notification['method']> = Extract<
  Notification,
  { readonly method: M }
>;

export interface WaitOptions<M extends Notification['method']> extends CallOptions {
  /** Whether it is the one; default: any with the method. */
  readonly where?: ((notification: NotificationOf<M>) => boolean) | undefined;
}

export function waitFor<M extends Notification['method']>(
  { listeners, ended }: Pick<Client, 'listeners' | 'ended'>,
  method: M,
  { where, signal }: WaitOptions<M>,
): Promise<NotificationOf<M>> {
  return new Promise((resolve, reject) => {
    let release: () => void = () => undefined;
    const listener = (notification: Notification) => {
      if (notification.method !== method) return;
      const found = notification as NotificationOf<M>;
      try {
        if (where !== undefined && !where(found)) return;
        resolve(found);
      } catch (error) {
        reject(error);
      }
      listeners.delete(listener);
      release();
    };
    listeners.add(listener);
    release = onAbort(anySignal(ended, signal), () => {
      listeners.delete(listener);
      reject(ended.aborted ? ended.reason : new AbortedError(`Waiting for ${method}`, signal));
    });
  });
}
