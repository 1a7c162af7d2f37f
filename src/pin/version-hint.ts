import { TARGETS } from '../target/index.ts';
import { nearWord } from './near-word.ts';

/**
 * The hint for a text that names no version: what was probably meant, else how versions are written.
 * @param usual how they are written where this text came from
 */
export function versionHint(text: string, usual: string): string {
  const meant = guess(text.trim());
  return meant === undefined ? usual : `Did you mean ${meant}?`;
}

/** Whether a version ends in a platform, as npm's platform builds do: `0.101.0-linux-x64`. */
export function hasPlatform(text: string): boolean {
  return platformOf(text) !== undefined;
}

function guess(text: string): string | undefined {
  // How npm writes it: codex@0.115.0, @openai/codex@latest.
  const version = text.includes('@') ? text.slice(text.lastIndexOf('@') + 1) : '';
  if (/^[^/\s]+$/.test(version)) return guess(version) ?? version;
  const platform = platformOf(text);
  if (platform !== undefined) return `${text.slice(0, -platform.length - 1)} --target ${platform}`;
  if (text.toLowerCase() === 'stable') return 'latest';
  return nearWord(text, ['latest', 'alpha']);
}

function platformOf(text: string): string | undefined {
  return TARGETS.map(({ npmTag }) => npmTag).find((tag) => text.endsWith(`-${tag}`));
}
