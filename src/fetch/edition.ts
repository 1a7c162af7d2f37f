import { readFile, writeFile } from 'node:fs/promises';
import type { AssetSource } from '../asset.ts';
import { removeFile } from '../disk/until-unblocked.ts';
import { asJsonObject } from '../json.ts';
import { tryParseJson } from '../json-bounds.ts';

/** Which edition of an asset the bytes of a partial file are. */
export interface Edition {
  readonly kind: AssetSource['kind'];
  /** The source's address, without anything secret. */
  readonly address: string;
  /** An ETag, a date, a file's own marks, or empty for none. */
  readonly validator: string;
  /** Bytes of the whole asset. */
  readonly total: number;
}

const KINDS: readonly AssetSource['kind'][] = ['api', 'browser', 'gh', 'mirror', 'npm', 'file'];

/** Undefined when the sidecar at `path` is missing or was not written to its end. */
export async function loadEdition(path: string): Promise<Edition | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const value = asJsonObject(tryParseJson(text));
  const { schemaVersion, address, validator, total } = value;
  const kind = KINDS.find((known) => known === value['kind']);
  if (schemaVersion !== 1 || typeof address !== 'string' || kind === undefined) return undefined;
  if (typeof validator !== 'string' || !Number.isSafeInteger(total)) return undefined;
  return { kind, address, validator, total: total as number };
}

/** Bytes without an edition cannot be continued, and then there is no sidecar. */
export async function saveEdition(path: string, edition: Edition | null): Promise<void> {
  if (edition === null) return removeFile(path);
  const text = `${JSON.stringify({ schemaVersion: 1, ...edition })}\n`;
  await writeFile(path, text, { mode: 0o600 });
}
