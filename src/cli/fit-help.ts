/** What a terminal shows at least, and what helps are written for. */
export const HELP_COLUMNS = 80;

/**
 * Help in {@link HELP_COLUMNS}: a paragraph with a line that is too long is filled again, and the
 * remark beside an example goes below it. What commander wraps fits already.
 */
export function fitHelp(text: string): string {
  return text.replace(/[^\n]+(?:\n[^\n]+)*/g, (block) => {
    const lines = block.split('\n');
    if (!lines.some(isLong)) return block;
    const isProse = lines.every((line) => !line.startsWith(' '));
    return isProse ? fill(lines.join(' ')) : lines.map(fitExample).join('\n');
  });
}

function isLong(line: string): boolean {
  return line.length > HELP_COLUMNS;
}

function fill(prose: string): string {
  const lines: string[] = [];
  for (const word of prose.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === undefined || `${line} ${word}`.length > HELP_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join('\n');
}

function fitExample(line: string): string {
  if (!isLong(line)) return line;
  const [, command, remark] = /^( +\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
  return remark === undefined ? line : `${command}\n      ${remark}`;
}
