/** The one of `words` that `text` is a slip of the keyboard away from; undefined where none is. */
export function nearWord(text: string, words: readonly string[]): string | undefined {
  const typed = text.toLowerCase();
  const limit = typed.length > 4 ? 2 : 1;
  const [near] = words
    .map((word) => ({ word, slips: slipsBetween(typed, word) }))
    .filter(({ slips }) => slips <= limit)
    .sort((a, b) => a.slips - b.slips);
  return near?.word;
}

/** Letters that are missing, too many, wrong, or swapped with their neighbour. */
function slipsBetween(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, row) =>
    Array.from({ length: b.length + 1 }, (_, column) => row + column),
  );
  const at = (row: number, column: number) => table[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= a.length; row += 1) {
    for (let column = 1; column <= b.length; column += 1) {
      const [x, y, before, above] = [a[row - 1], b[column - 1], a[row - 2], b[column - 2]];
      const swapped =
        x === above && y === before ? at(row - 2, column - 2) + 1 : a.length + b.length;
      const cells = table[row];
      if (cells === undefined) continue;
      cells[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (x === y ? 0 : 1),
        swapped,
      );
    }
  }
  return at(a.length, b.length);
}
