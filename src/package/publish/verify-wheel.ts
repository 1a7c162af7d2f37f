import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ZipFile } from 'yauzl';
import { throwIfAborted } from '../../abort.ts';
import { CodexRuntimeError } from '../../errors.ts';
import { TARGETS } from '../../target/index.ts';
import { recordLine } from '../pack/index.ts';

/**
 * Checks that a wheel is what installers expect: every member is in `RECORD` with its digest, and
 * name, version and tags are the same in the file name, `METADATA` and `WHEEL`.
 * @throws CodexRuntimeError `DAMAGED`
 */
export async function verifyWheel(path: string, signal?: AbortSignal): Promise<void> {
  const yauzl = await import('yauzl');
  const zip = await yauzl
    .openPromise(path, { strictFileNames: true, lazyEntries: true, autoClose: false })
    .catch((cause: unknown) => {
      throw damaged(path, 'it is not a zip file', cause);
    });
  try {
    const { name, version, platformTags } = parseName(path);
    const distInfo = `${name}-${version}.dist-info`;
    const names = new Set(METADATA.map((each) => `${distInfo}/${each}`));
    const members = await readMembers(zip, names, signal);
    const contentOf = (file: string) => {
      const content = members.get(`${distInfo}/${file}`)?.content;
      if (content === undefined || content === null) throw damaged(path, `it has no ${file}`);
      return content;
    };
    verifyRecord({ path, record: contentOf('RECORD'), members, recordPath: `${distInfo}/RECORD` });
    const metadata = headers(contentOf('METADATA'));
    const claimed = metadata
      .get('Name')?.[0]
      ?.replace(/[-_.]+/g, '_')
      .toLowerCase();
    if (claimed !== name || metadata.get('Version')?.[0] !== version) {
      throw damaged(path, 'its METADATA names another package or version');
    }
    const tags = headers(contentOf('WHEEL')).get('Tag') ?? [];
    const expected = platformTags.map((tag) => `py3-none-${tag}`);
    if (tags.join() !== expected.join()) throw damaged(path, 'its WHEEL names other tags');
  } catch (error) {
    throw error instanceof CodexRuntimeError ? error : damaged(path, 'it cannot be read', error);
  } finally {
    zip.close();
  }
}

const METADATA = ['RECORD', 'METADATA', 'WHEEL'];

interface WheelMember {
  /** As RECORD writes it. */
  readonly line: string;
  /** Of metadata files only. */
  readonly content: string | null;
}

async function readMembers(
  zip: ZipFile,
  keep: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, WheelMember>> {
  const members = new Map<string, WheelMember>();
  for await (const entry of zip.eachEntry()) {
    const { fileName, uncompressedSize } = entry;
    const hash = createHash('sha256');
    const kept: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      throwIfAborted(signal);
      hash.update(chunk);
      if (keep.has(fileName)) kept.push(chunk);
    }
    members.set(fileName, {
      line: recordLine(fileName, hash.digest(), uncompressedSize),
      content: keep.has(fileName) ? Buffer.concat(kept).toString('utf8') : null,
    });
  }
  return members;
}

interface RecordCheck {
  readonly path: string;
  readonly record: string;
  readonly members: ReadonlyMap<string, WheelMember>;
  readonly recordPath: string;
}

function verifyRecord({ path, record, members, recordPath }: RecordCheck): void {
  const listed = record.split('\n').filter((line) => line !== '' && line !== `${recordPath},,`);
  const lines = [...members].filter(([name]) => name !== recordPath).map(([, { line }]) => line);
  const unlisted = lines.find((line) => !listed.includes(line));
  const missing = listed.find((line) => !lines.includes(line));
  const wrong = unlisted ?? missing;
  if (wrong === undefined) return;
  throw damaged(path, `its RECORD does not match ${wrong.split(',')[0]}`);
}

function parseName(path: string) {
  const match = /^([a-z0-9_]+)-([^-]+)-py3-none-([A-Za-z0-9_.]+)\.whl$/.exec(basename(path));
  const [, name, version, tags] = match ?? [];
  if (name === undefined || version === undefined || tags === undefined) {
    throw damaged(path, '"codex-runtime pack" gives no wheel such a name');
  }
  const platformTags = tags.split('.');
  const known = TARGETS.flatMap(({ wheelTags }) => wheelTags);
  const unknown = platformTags.find((tag) => !known.includes(tag));
  if (unknown !== undefined) throw damaged(path, `no target has the tag "${unknown}"`);
  return { name, version, platformTags };
}

/** The headers of a metadata file: up to the first empty line, a key may come several times. */
function headers(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    if (line === '') break;
    const colon = line.indexOf(': ');
    const key = line.slice(0, colon);
    found.set(key, [...(found.get(key) ?? []), line.slice(colon + 2)]);
  }
  return found;
}

function damaged(path: string, what: string, cause?: unknown): CodexRuntimeError {
  return new CodexRuntimeError('DAMAGED', `${basename(path)} cannot be published: ${what}.`, {
    hint: 'Pack the release again.',
    fields: { path },
    cause,
  });
}
