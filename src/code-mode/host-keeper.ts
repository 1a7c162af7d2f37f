import { CodeModeError } from './errors.ts';
import type { Frame } from './frames.ts';
import { HostProcess } from './host-process.ts';
import type { HostCommand, HostEvent } from './protocol.ts';

export interface KeeperListener {
  onEvent(frame: Frame<HostEvent>): void;
  /** The host has gone; the next {@link HostKeeper.ready} starts another. */
  onLost(reason: string): void;
}

/** Sees to it that there is one host when one is needed. */
export class HostKeeper {
  readonly #listener: KeeperListener;
  #host: HostProcess | undefined;
  #starting: Promise<HostProcess> | undefined;
  #isClosed = false;

  constructor(listener: KeeperListener) {
    this.#listener = listener;
  }

  get pid(): number | undefined {
    return this.#host?.pid;
  }

  get isThere(): boolean {
    return this.#host !== undefined;
  }

  /** @throws CodeModeError `HOST_FAILED`, `CLOSED` */
  async ready(): Promise<HostProcess> {
    if (this.#host !== undefined) return this.#host;
    this.#starting ??= HostProcess.start({
      onEvent: (frame) => this.#listener.onEvent(frame),
      onExit: (reason) => {
        this.#host = undefined;
        if (!this.#isClosed) this.#listener.onLost(reason);
      },
    });
    try {
      const host = await this.#starting;
      if (this.#isClosed) {
        await host.close();
        throw closed();
      }
      // It may have ended behind its first message, before anybody could keep it.
      if (host.hasGone) {
        throw new CodeModeError('HOST_FAILED', 'The script host ended as soon as it had started.');
      }
      this.#host = host;
      return host;
    } finally {
      this.#starting = undefined;
    }
  }

  /** Tells the host, where there is one: what a host that has gone did not hear is of no use to the next. */
  send(command: HostCommand, body: Uint8Array | string = ''): void {
    this.#host?.send(command, body);
  }

  /** Ends a host that does not do what it is told; its scripts are lost or restored. */
  giveUp(): void {
    void this.#host?.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const host = this.#host ?? (await this.#starting?.catch(() => undefined));
    this.#host = undefined;
    await host?.close();
  }
}

export function closed(): CodeModeError {
  return new CodeModeError('CLOSED', 'This code mode was closed.');
}
