import type { PackedFile } from './pack-target.ts';

/**
 * A line for a `requirements.txt` that names the wheels of a release by version and by hash, so that
 * `pip install --require-hashes` takes these bytes and no others; null for a release without wheels.
 * Format: https://pip.pypa.io/en/stable/topics/secure-installs/
 */
export function requirementsFile(files: readonly PackedFile[]): string | null {
  const wheels = files.filter(({ ecosystem }) => ecosystem === 'python');
  const [first] = wheels;
  if (first === undefined) return null;
  const { name, version } = first.package;
  const hashes = wheels.map(({ sha256 }) => `    --hash=sha256:${sha256}`);
  return `${[`${name.replaceAll('_', '-')}==${version}`, ...hashes].join(' \\\n')}\n`;
}
