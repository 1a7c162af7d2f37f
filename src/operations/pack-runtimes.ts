import { resolve } from 'node:path';
import { CodexRuntimeError } from '../errors.ts';
import { tellWaiting } from '../events.ts';
import {
  type ImageOptions,
  type PackEcosystem,
  type PackedFile,
  type PackedRelease,
  packRelease,
  verifyPackDirectory,
} from '../package/pack/index.ts';
import { verifyMetadata } from '../package/stage/index.ts';
import { openRequest, type RuntimeOptions, settingsOf } from '../request/index.ts';
import { parseTargets, TARGETS } from '../target/index.ts';
import { downloadUrls } from './download-urls.ts';
import { packslipOrigin } from './packslip-origin.ts';
import { provisionTargets } from './provision-targets.ts';

export interface PackOptions extends Omit<RuntimeOptions, 'ecosystem' | 'target'>, ImageOptions {
  /** Directory for the release: missing, empty, or an earlier pack. Default `dist`. */
  readonly out?: string;
  /** Any spelling of targets, or `all`. Default `all`. */
  readonly targets?: readonly string[];
  /** For whom to pack. Default `node` and `python`; `oci` makes container images. */
  readonly ecosystems?: readonly PackEcosystem[];
  /** npm name of the root package. Default `codex-cli-bin`. */
  readonly name?: string;
  /** Directory of templates in place of the bundled ones. */
  readonly templatesDir?: string;
  /**
   * The publishing repository, for the packages' metadata: an `https` or `ssh` URL, or GitHub's
   * `owner/name`. Default: Codex's own.
   */
  readonly repository?: string;
  /**
   * Directory URL under which the archives will lie, for the DotSlash file. Default: where the npm
   * registry of npm's configuration will have the tarballs; of wheels alone there is no such file.
   */
  readonly downloadUrl?: string;
  /**
   * Who will sign the packslip manifest: the address of a workflow in a repository, or an e-mail address.
   * Default: this job of GitHub Actions or GitLab; elsewhere there is no manifest.
   */
  readonly packslipSigner?: string;
  /** Told of each archive when it is complete. */
  readonly onPacked?: (file: PackedFile) => void;
}

/**
 * From a version to a release: provisions every target and packs it for npm, Python and container registries.
 * More than four cores are used where `UV_THREADPOOL_SIZE` says so when the process starts.
 * @throws CodexRuntimeError what provisioning and `packRelease` throw; nothing is written to `out`
 * before all targets are there
 */
export async function packRuntimes(options: PackOptions = {}): Promise<PackedRelease> {
  const { targets: names = ['all'], ecosystems = ['node', 'python'], onPacked } = options;
  const settings = settingsOf(options);
  const targets = names.includes('all') ? TARGETS : parseTargets(names);
  if (targets.length === 0 || ecosystems.length === 0) {
    throw new CodexRuntimeError('USAGE', 'Nothing to pack: no target, or no ecosystem.', {
      hint: 'Name at least one of each, or leave both out to pack all.',
    });
  }
  verifyMetadata(options);
  const inCwd = (path: string | undefined) => path && resolve(settings.cwd, path);
  const out = resolve(settings.cwd, options.out ?? 'dist');
  await verifyPackDirectory(out);
  const downloadUrl = await downloadUrls(settings, options.downloadUrl);
  const packslip = packslipOrigin(settings.env, options);
  const first = targets[0]?.triple ?? '';
  const request = await openRequest({ ...options, target: first }, settings);
  const runtimes = await provisionTargets(request, targets);
  return await packRelease({
    runtimes,
    ecosystems,
    out,
    downloadUrl,
    packslip,
    name: options.name,
    templatesDir: options.templatesDir,
    repository: options.repository,
    compression: options.compression,
    base: inCwd(options.base),
    certificates: inCwd(options.certificates),
    onPacked,
    onProgress: options.onProgress,
    onWait: tellWaiting(options.onProgress, `another process is writing ${out}`),
    signal: options.signal,
  });
}
