/**
 * A word of a command in a hint, so that the user's shell takes it for one word: in quotes where it
 * needs them. Windows' shells have double quotes in common.
 * @param platform Node's `process.platform`
 */
export function shellWord(text: string, platform: string = process.platform): string {
  if (/^[\w@%+=:,./\\~-]+$/.test(text)) return text;
  if (platform !== 'win32') return `'${text.replaceAll("'", "'\\''")}'`;
  // A program takes a backslash before a quote for an escape, so a path's last one is doubled.
  const quoted = text.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1');
  return `"${quoted}"`;
}
