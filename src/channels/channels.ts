import type { OnProgress } from '../events.ts';
import { createHttp, type Http } from '../fetch/http/index.ts';
import { createRegistry, type Registry } from '../fetch/npm/index.ts';
import type { Settings, SourceChoice, SourceSelection } from '../request/index.ts';
import { dirChannel } from './dir.ts';
import { githubChannel } from './github.ts';
import { mirrorChannel } from './mirror.ts';
import { npmChannel } from './npm.ts';
import { ociChannel } from './oci.ts';
import type { ReleaseChannel } from './release-channel.ts';

export interface ChannelsRequest {
  readonly settings: Settings;
  /** The channels to ask, in order. */
  readonly sources: SourceSelection;
  /** Told of channels that are `unavailable`, and of `retry` and `waiting`. */
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The chosen channels with their connections. */
export interface Channels {
  readonly list: readonly { readonly choice: SourceChoice; readonly channel: ReleaseChannel }[];
  close(): Promise<void>;
}

/** Opens the chosen channels; nothing is loaded or asked before one is used. */
export function openChannels(request: Omit<ChannelsRequest, 'signal'>): Channels {
  const { settings, sources, onProgress } = request;
  const http = createHttp(settings, { onProgress });
  const registry = createRegistry(settings, { onProgress });
  return {
    list: sources.map((choice) => ({
      choice,
      channel: open(choice, { settings, http, registry, onProgress }),
    })),
    close: () => http.close(),
  };
}

interface WaysOut {
  readonly settings: Settings;
  readonly http: Http;
  readonly registry: Registry;
  readonly onProgress: OnProgress | undefined;
}

function open(choice: SourceChoice, { settings, http, registry, onProgress }: WaysOut) {
  switch (choice.channel) {
    case 'github':
      return githubChannel(settings, http, { chosen: choice.sources, onProgress });
    case 'mirror':
      return mirrorChannel(settings, http, onProgress);
    case 'npm':
      return npmChannel(settings, registry);
    case 'oci':
      return ociChannel(choice.reference, settings, http);
    case 'dir':
      return dirChannel(choice.path, settings.cwd, onProgress);
  }
}
