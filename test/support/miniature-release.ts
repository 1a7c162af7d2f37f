import { createHash } from 'node:crypto';
import { npmPlatformVersion } from '../../src/channels/asset-name.ts';
import { TARGETS, type Target } from '../../src/target/index.ts';
import {
  type ArchiveFile,
  buildTar,
  buildTarGz,
  buildZip,
  buildZstd,
  canZstd,
} from './archive-builder.ts';

/** One file of a release on the loopback server. */
interface LoopbackAsset {
  readonly name: string;
  /** The bytes, or the absolute path of a file that holds them. */
  readonly content: Buffer | string;
  /** What the API says instead of the true `sha256:…`; null to say nothing, as old releases do. */
  readonly digest?: string | null;
}

/** One platform build on the loopback npm registry. */
interface LoopbackBuild {
  /** `0.115.0-linux-x64` */
  readonly version: string;
  readonly content: Buffer | string;
  /** What the registry says instead of the true SRI; null to say nothing. */
  readonly integrity?: string | null;
}

export interface LoopbackRelease {
  readonly version: string;
  /** When every channel says that it was published; null where none does. Default: long ago. */
  readonly publishedAt?: string | null;
  /** On GitHub and the mirror. */
  readonly assets: readonly LoopbackAsset[];
  /** On npm. */
  readonly builds: readonly LoopbackBuild[];
  /** The builds that the launcher on npm names, as `0.115.0-linux-x64`; null when it is not published. Default: `builds`. */
  readonly launcher?: readonly string[] | null;
}

export interface MiniatureOptions {
  /** Default: all six. */
  readonly targets?: readonly Target[];
  /** Whether there are `codex-package-*` archives and their SHA256SUMS. Default true. */
  readonly packages?: boolean;
  /** Whether GitHub's API gives digests. Default true. */
  readonly digests?: boolean;
  /** Whether npm builds have the old layout with two files. Default false. */
  readonly oldNpmLayout?: boolean;
  /** As {@link LoopbackRelease.publishedAt}. */
  readonly publishedAt?: string | null;
  /** The executable. Default: {@link miniatureCodex}. */
  readonly executable?: (target: Target) => Buffer;
}

/**
 * A shell script that passes for Codex: `--version` prints `codex-cli <version>`, `args …` prints
 * its arguments one a line, `exit N` exits with N, `cat` copies stdin to stdout, `env` prints its environment, `sleep N` waits.
 */
export function miniatureCodex(version: string): Buffer {
  return Buffer.from(
    [
      '#!/bin/sh',
      'case "$1" in',
      `  --version) echo "codex-cli ${version}" ;;`,
      '  args) shift; printf "%s\\n" "$@" ;;',
      '  exit) exit "$2" ;;',
      '  cat) exec cat ;;',
      '  env) exec env ;;',
      '  sleep) exec sleep "$2" ;;',
      `  *) echo "miniature codex ${version}" ;;`,
      'esac',
      '',
    ].join('\n'),
  );
}

/** The complete runtime tree as `codex-package-*` archives hold it, without directory entries. */
function miniatureTree(version: string, target: Target, executable: Buffer): ArchiveFile[] {
  const exe = target.exeSuffix;
  const tool = (path: string): ArchiveFile => ({
    path: `${path}${exe}`,
    content: Buffer.from(`#!/bin/sh\necho "${path} of ${version}"\n`),
    mode: 0o755,
  });
  const description = {
    layoutVersion: 1,
    version,
    target: target.triple,
    variant: 'codex',
    entrypoint: `bin/codex${exe}`,
    resourcesDir: 'codex-resources',
    pathDir: 'codex-path',
  };
  const resources =
    target.os === 'win32'
      ? ['codex-resources/codex-command-runner', 'codex-resources/codex-windows-sandbox-setup']
      : target.os === 'linux'
        ? ['codex-resources/bwrap']
        : [];
  return [
    { path: 'codex-package.json', content: Buffer.from(JSON.stringify(description)), mode: 0o644 },
    { path: `bin/codex${exe}`, content: executable, mode: 0o755 },
    ...['bin/codex-code-mode-host', 'codex-path/rg', ...resources].map(tool),
  ];
}

/** The npm launcher's document, which names the platform builds; undefined where there is none. */
export function launcherDocument(release: LoopbackRelease | undefined) {
  if (release === undefined || release.launcher === null) return undefined;
  const named = release.launcher ?? release.builds.map(({ version }) => version);
  const builds = named.map((build) => [
    build.replace(release.version, '@openai/codex'),
    `npm:@openai/codex@${build}`,
  ]);
  return { version: release.version, optionalDependencies: Object.fromEntries(builds) };
}

/** A whole release in miniature, for every channel and in every format that this Node can write. */
export async function miniatureRelease(
  version: string,
  options: MiniatureOptions = {},
): Promise<LoopbackRelease> {
  const { targets = TARGETS, packages = true, digests = true, oldNpmLayout = false } = options;
  const executable = options.executable ?? (() => miniatureCodex(version));
  const assets: LoopbackAsset[] = [];
  const builds: LoopbackBuild[] = [];
  for (const target of targets) {
    const codex = executable(target);
    const tree = miniatureTree(version, target, codex);
    assets.push(...(await bareAssets(target, codex)));
    if (packages) assets.push(...packageAssets(target, tree));
    builds.push(npmBuild(version, target, oldNpmLayout ? oldTree(target, codex) : tree));
  }
  if (packages) assets.push(checksumList(assets));
  const told = digests ? {} : { digest: null };
  const dated = options.publishedAt === undefined ? {} : { publishedAt: options.publishedAt };
  return { version, ...dated, assets: assets.map((asset) => ({ ...asset, ...told })), builds };
}

async function bareAssets(target: Target, codex: Buffer): Promise<LoopbackAsset[]> {
  const stem = `codex-${target.triple}${target.exeSuffix}`;
  const files = [{ path: stem, content: codex, mode: 0o755 }];
  const helpers = ['codex-command-runner.exe', 'codex-windows-sandbox-setup.exe'].map((path) => ({
    path,
    content: Buffer.from(`MZ ${path}`),
    mode: 0o755,
  }));
  return [
    { name: `${stem}.tar.gz`, content: buildTarGz(files) },
    ...(target.os === 'win32'
      ? [{ name: `${stem}.zip`, content: await buildZip([...files, ...helpers]) }]
      : []),
    ...(canZstd ? [{ name: `${stem}.zst`, content: buildZstd(codex) }] : []),
  ];
}

function packageAssets(target: Target, tree: readonly ArchiveFile[]): LoopbackAsset[] {
  const stem = `codex-package-${target.triple}`;
  const folders = ['./', './bin/', './codex-path/', './codex-resources/'].map((path) => ({
    path,
    content: Buffer.alloc(0),
    mode: 0o755,
  }));
  const entries = [...folders, ...tree.map((file) => ({ ...file, path: `./${file.path}` }))];
  return [
    { name: `${stem}.tar.gz`, content: buildTarGz(entries) },
    ...(canZstd ? [{ name: `${stem}.tar.zst`, content: buildZstd(buildTar(entries)) }] : []),
  ];
}

function checksumList(assets: readonly LoopbackAsset[]): LoopbackAsset {
  const lines = assets
    .filter(({ name }) => /^codex-package-.*\.tar\.gz$/.test(name))
    .map(({ name, content }) => `${createHash('sha256').update(content).digest('hex')}  ${name}\n`);
  return { name: 'codex-package_SHA256SUMS', content: Buffer.from(lines.join('')) };
}

function oldTree(target: Target, codex: Buffer): ArchiveFile[] {
  const exe = target.exeSuffix;
  return [
    { path: `codex/codex${exe}`, content: codex, mode: 0o755 },
    { path: `path/rg${exe}`, content: Buffer.from('#!/bin/sh\necho rg\n'), mode: 0o755 },
  ];
}

function npmBuild(version: string, target: Target, tree: readonly ArchiveFile[]): LoopbackBuild {
  const build = npmPlatformVersion(version, target);
  const manifest = { name: '@openai/codex', version: build, os: [target.os], cpu: [target.cpu] };
  const vendor = `package/vendor/${target.triple}`;
  return {
    version: build,
    content: buildTarGz([
      { path: 'package/package.json', content: Buffer.from(JSON.stringify(manifest)), mode: 0o644 },
      ...tree.map((file) => ({ ...file, path: `${vendor}/${file.path}` })),
    ]),
  };
}
