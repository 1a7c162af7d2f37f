/** A word of a command in a hint, so that a shell takes it for one word: in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./\\~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
