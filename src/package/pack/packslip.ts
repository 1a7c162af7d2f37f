import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { IN_TOTO_STATEMENT, RELEASE_STATEMENT } from '../../channels/index.ts';
import { diskError } from '../../disk/disk-error.ts';
import { fromIntegrity } from '../../lockfile/index.ts';
import type { Runtime } from '../../store/index.ts';
import { parseTarget, type Target } from '../../target/index.ts';
import type { PackManifest } from './pack-manifest.ts';
import type { PackedFile } from './pack-target.ts';

/** The packslip manifest before it is signed; signed it is `packslip.sigstore.json`. */
export const PACKSLIP = 'packslip.statement.json';

/** Whose release it is, and who will sign for it. */
export interface PackslipOrigin {
  /** Host and path, as packslip names a project: `github.com/owner/name`. */
  readonly project: string;
  /** The identity that the certificate will have. */
  readonly signer: string;
  /** The issuer of that identity's token; null where it is not known. */
  readonly issuer: string | null;
  readonly source: { readonly repo: string; readonly commit?: string; readonly tag?: string };
  /** ISO 8601 in UTC. */
  readonly publishedAt: string;
}

interface PackslipContent {
  readonly release: PackManifest;
  readonly runtimes: readonly Runtime[];
  readonly downloadUrl: (file: PackedFile) => string | null;
  readonly sbom: { readonly name: string; readonly text: string };
  readonly origin: PackslipOrigin;
}

/**
 * The packslip manifest of a release: an in-toto statement that says what each file is. Its fields are
 * held by docs/packslip-release.schema.json. Format: https://packslip.dev/release/v1/
 */
export async function packslipFile(content: PackslipContent): Promise<string> {
  const { release, runtimes, sbom, origin } = content;
  const { files, version } = release;
  const artifacts = files.map(async (file) => {
    const runtime = runtimes.find(({ manifest }) => manifest.target === file.target);
    const url = content.downloadUrl(file);
    return {
      name: file.path,
      ...(runtime === undefined ? {} : platformOf(parseTarget(runtime.manifest.target))),
      ...variantOf(file),
      size: file.size,
      ...(url === null ? {} : { url }),
      format: FORMATS[file.ecosystem],
      ...(runtime === undefined ? {} : await executableIn(file, runtime)),
    };
  });
  const statement = {
    _type: IN_TOTO_STATEMENT,
    subject: [
      ...files.map(({ path, sha256, integrity }) => ({
        name: path,
        digest: { sha256, sha512: fromIntegrity(integrity) },
      })),
      { name: sbom.name, digest: { sha256: sha256Of(sbom.text) } },
    ],
    predicateType: RELEASE_STATEMENT,
    predicate: {
      project: origin.project,
      version,
      published_at: origin.publishedAt,
      source: origin.source,
      artifacts: await Promise.all(artifacts),
      resources: [{ kind: 'sbom', format: 'cyclonedx', asset: sbom.name }],
      identity: {
        scheme: 'sigstore-oidc',
        key_id: origin.signer,
        ...(origin.issuer === null ? {} : { issuer: origin.issuer }),
      },
    },
  };
  return `${JSON.stringify(statement, null, 2)}\n`;
}

/** A wheel is a zip; an image layout is one tar. */
const FORMATS = { node: 'tgz', python: 'zip', oci: 'tar' } as const;

/** The static Linux build needs neither libc, so it names none and fits hosts of both. */
function platformOf({ os, cpu }: Target) {
  return {
    os: os === 'win32' ? 'windows' : os,
    arch: cpu === 'x64' ? 'x86_64' : 'aarch64',
  };
}

/** Without a variant is what an installer takes unasked: the tarball of its platform. */
function variantOf({ ecosystem, target }: PackedFile) {
  if (ecosystem === 'python') return { variant: 'wheel' };
  if (ecosystem === 'oci') return { variant: 'oci' };
  return target === null ? { variant: 'npm-root' } : {};
}

async function executableIn(file: PackedFile, { dir, manifest }: Runtime) {
  const inside = file.ecosystem === 'node' ? 'package' : file.package.name;
  const requires = await requirementsOf(
    join(dir, manifest.entrypoint),
    parseTarget(manifest.target),
  );
  return {
    bin: [`${inside}/${manifest.entrypoint}`],
    ...(requires === null ? {} : { requires }),
  };
}

/** What the host must have; null where nothing is known. macOS: as the wheels' tags say it. */
async function requirementsOf(executable: string, { os, wheelTags }: Target) {
  if (os === 'linux') return (await isStatic(executable)) ? { libs: [] } : null;
  const [, major, minor] = /^macosx_(\d+)_(\d+)_/.exec(wheelTags[0] ?? '') ?? [];
  if (major === undefined) return null;
  return { os_min: minor === '0' ? major : `${major}.${minor}` };
}

const PT_INTERP = 3;

/** Whether a 64-bit little-endian ELF file names no loader, and so loads no library. */
async function isStatic(path: string): Promise<boolean> {
  const head = Buffer.alloc(4096);
  const file = await open(path, 'r').catch((error: unknown) => {
    throw diskError(error, 'read', path);
  });
  try {
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (bytesRead < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2) return false;
    const [start, size, count] = [
      Number(head.readBigUInt64LE(32)),
      head.readUInt16LE(54),
      head.readUInt16LE(56),
    ];
    if (start + size * count > bytesRead) return false;
    const kinds = Array.from({ length: count }, (_, index) =>
      head.readUInt32LE(start + size * index),
    );
    return !kinds.includes(PT_INTERP);
  } finally {
    await file.close();
  }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
