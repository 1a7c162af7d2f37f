import { asJsonObject } from '../../json.ts';
import type { Target } from '../../target/index.ts';
import type { Annotations } from './descriptor.ts';
import type { ImageConfig } from './documents.ts';
import { IMAGE_HOME, IMAGE_ROOT, IMAGE_UID, isInIndex, platformOf } from './runtime-image.ts';

const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ConfigRequest {
  readonly target: Target;
  /** The runtime's layer without its compression, as `sha256:<hex>`. */
  readonly diffId: string;
  readonly labels: Annotations;
  /** The image below; null for none. */
  readonly base: ImageConfig | null;
}

/**
 * The configuration of a runtime's image. What Codex needs of its surroundings (seen with 0.171.0): a
 * home that its user may write, and a directory for temporary files, for which the working directory
 * stands in where the root is read-only.
 */
export function imageConfig({ target, diffId, labels, base }: ConfigRequest): object {
  const below = asJsonObject(base?.document['config']);
  const history = base?.document['history'];
  return {
    ...platformOf(target),
    config: {
      ...below,
      ...(isInIndex(target) ? surroundings(envOf(below['Env'])) : {}),
      Entrypoint: [`/${IMAGE_ROOT}/bin/codex${target.exeSuffix}`],
      Cmd: undefined,
      Labels: { ...asJsonObject(below['Labels']), ...labels },
    },
    rootfs: { type: 'layers', diff_ids: [...(base?.diffIds ?? []), diffId] },
    history: [
      ...(Array.isArray(history) ? history : []),
      { created_by: 'codex-runtime pack --ecosystem oci' },
    ],
  };
}

function surroundings(env: ReadonlyMap<string, string>) {
  const home = `/${IMAGE_HOME}`;
  const path = `/${IMAGE_ROOT}/bin:${env.get('PATH') ?? USUAL_PATH}`;
  const all = new Map([...env, ['PATH', path], ['HOME', home]]);
  return {
    User: `${IMAGE_UID}:0`,
    Env: [...all].map(([name, value]) => `${name}=${value}`),
    WorkingDir: home,
  };
}

function envOf(value: unknown): ReadonlyMap<string, string> {
  const lines = Array.isArray(value) ? value.filter((line) => typeof line === 'string') : [];
  return new Map(
    lines.map((line): [string, string] => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}
