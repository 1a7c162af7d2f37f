import { CodexRuntimeError } from '../errors.ts';

/** The Rust triples that Codex is released for. */
export type Triple =
  | 'aarch64-apple-darwin'
  | 'x86_64-apple-darwin'
  | 'aarch64-unknown-linux-musl'
  | 'x86_64-unknown-linux-musl'
  | 'aarch64-pc-windows-msvc'
  | 'x86_64-pc-windows-msvc';

/** A machine kind and every name that a channel has for it. Source: the assets of openai/codex. */
export interface Target {
  readonly triple: Triple;
  /** Node's `process.platform`, which is also npm's `os`. */
  readonly os: 'darwin' | 'linux' | 'win32';
  /** Node's `process.arch`, which is also npm's `cpu`. */
  readonly cpu: 'arm64' | 'x64';
  /** The suffix of the npm platform build, `<version>-<npmTag>`. */
  readonly npmTag: string;
  /**
   * Platform tags of its wheel. The static Linux binary runs with glibc and musl; pip compares what
   * `--platform` names literally, so both spellings of manylinux are there. macOS: what the binary asks for.
   */
  readonly wheelTags: readonly string[];
  /** `.exe` on Windows, else empty. */
  readonly exeSuffix: '' | '.exe';
}

/** The six targets, in the order in which commands list them. */
export const TARGETS: readonly Target[] = [
  {
    triple: 'aarch64-apple-darwin',
    os: 'darwin',
    cpu: 'arm64',
    npmTag: 'darwin-arm64',
    wheelTags: ['macosx_11_0_arm64'],
    exeSuffix: '',
  },
  {
    triple: 'x86_64-apple-darwin',
    os: 'darwin',
    cpu: 'x64',
    npmTag: 'darwin-x64',
    wheelTags: ['macosx_10_12_x86_64'],
    exeSuffix: '',
  },
  {
    triple: 'aarch64-unknown-linux-musl',
    os: 'linux',
    cpu: 'arm64',
    npmTag: 'linux-arm64',
    wheelTags: ['manylinux_2_17_aarch64', 'manylinux2014_aarch64', 'musllinux_1_1_aarch64'],
    exeSuffix: '',
  },
  {
    triple: 'x86_64-unknown-linux-musl',
    os: 'linux',
    cpu: 'x64',
    npmTag: 'linux-x64',
    wheelTags: ['manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'musllinux_1_1_x86_64'],
    exeSuffix: '',
  },
  {
    triple: 'aarch64-pc-windows-msvc',
    os: 'win32',
    cpu: 'arm64',
    npmTag: 'win32-arm64',
    wheelTags: ['win_arm64'],
    exeSuffix: '.exe',
  },
  {
    triple: 'x86_64-pc-windows-msvc',
    os: 'win32',
    cpu: 'x64',
    npmTag: 'win32-x64',
    wheelTags: ['win_amd64'],
    exeSuffix: '.exe',
  },
];

/**
 * The target that a user names: a triple, an npm tag (`linux-x64`) or Node's `os/cpu`.
 * @throws CodexRuntimeError `UNSUPPORTED_PLATFORM` for anything else.
 */
export function parseTarget(text: string): Target {
  const wanted = text.trim().toLowerCase().replace('/', '-');
  const target = TARGETS.find(({ triple, npmTag }) => triple === wanted || npmTag === wanted);
  if (target !== undefined) return target;
  throw new CodexRuntimeError('UNSUPPORTED_PLATFORM', `Codex has no build for target "${text}".`, {
    hint: `Use one of: ${TARGETS.map(({ triple }) => triple).join(', ')}.`,
    fields: { target: text },
  });
}

/**
 * The targets that a list names, in any spelling, each once and in the order of the list.
 * @throws CodexRuntimeError as {@link parseTarget}
 */
export function parseTargets(texts: readonly string[]): readonly Target[] {
  return [...new Set(texts.map(parseTarget))];
}
