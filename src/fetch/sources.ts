import type { AssetSource } from '../asset.ts';
import { githubCredentials, type Settings } from '../request/index.ts';
import type { ByteSource } from './byte-source.ts';
import { createFileSource } from './file-source.ts';
import { createGhSource } from './gh-source.ts';
import type { Http } from './http/index.ts';
import { createHttpSource } from './http-source.ts';
import type { Registry } from './npm/index.ts';
import { openOciRegistry, parseReference } from './oci/index.ts';

export interface SourceSurroundings {
  readonly asset: string;
  readonly settings: Settings;
  readonly http: Http;
  readonly registry: Registry;
  /** For what a child program downloads. */
  readonly workDir: string;
}

/** The means to open one of an asset's sources. */
export function createByteSource(source: AssetSource, around: SourceSurroundings): ByteSource {
  const { http, registry, settings } = around;
  switch (source.kind) {
    case 'api':
      return createHttpSource(source, http.open, {
        headers: { accept: 'application/octet-stream' },
        credentials: githubCredentials(settings.github),
      });
    case 'browser':
    case 'mirror':
      return createHttpSource(source, http.open);
    case 'npm':
      return createHttpSource(source, registry.open);
    case 'oci':
      return createHttpSource(
        source,
        openOciRegistry(parseReference(source.reference), { settings, http }).open,
      );
    case 'gh':
      return createGhSource(source, around.asset, {
        workDir: around.workDir,
        env: settings.env,
      });
    case 'file':
      return createFileSource(source.path);
  }
}
