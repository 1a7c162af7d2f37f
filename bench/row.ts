/** One comparison: what we do against what a user would take instead, in one run. */
export interface BenchRow {
  readonly work: string;
  readonly against: string;
  /** Medians: seconds, unless `unit` says otherwise. */
  readonly ours: number;
  /** Null where the goal is a number of ours alone. */
  readonly theirs: number | null;
  readonly unit: 's' | 'MB' | '';
  /** `ours / theirs`, or `ours` where there is no other side. */
  readonly ratio: number;
  /** The ratio, or the number, to stay at or below; null for a row that only helps to read another. */
  readonly goal: number | null;
}

export function compare(
  row: Pick<BenchRow, 'work' | 'against' | 'goal'> &
    Partial<Pick<BenchRow, 'unit'>> & { ours: number; theirs: number },
): BenchRow {
  return { unit: 's', ...row, ratio: row.ours / row.theirs };
}

/** A number of ours alone. */
export function fact(row: Pick<BenchRow, 'work' | 'ours' | 'unit' | 'goal'>): BenchRow {
  return { ...row, against: '', theirs: null, ratio: row.ours };
}

export function formatRows(rows: readonly BenchRow[]): string {
  const head = ['work', 'against', 'ours', 'theirs', 'ratio', 'goal', ''];
  const cells = rows.map(({ work, against, ours, theirs, unit, ratio, goal }) => [
    work,
    against,
    formatValue(ours, unit),
    theirs === null ? '' : formatValue(theirs, unit),
    theirs === null ? '' : formatRatio({ ratio, goal }),
    goal === null ? '' : theirs === null ? formatValue(goal, unit) : goal.toFixed(2),
    verdictOn({ ratio, goal }) ?? '',
  ]);
  const table = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function verdictOn({
  ratio,
  goal,
}: Pick<BenchRow, 'ratio' | 'goal'>): 'reached' | 'missed' | null {
  if (goal === null) return null;
  return ratio <= goal ? 'reached' : 'missed';
}

/** Two digits, or three where two would hide on which side of the goal it is. */
export function formatRatio({ ratio, goal }: Pick<BenchRow, 'ratio' | 'goal'>): string {
  const hidden = goal !== null && ratio > goal && ratio.toFixed(2) === goal.toFixed(2);
  return ratio.toFixed(hidden ? 3 : 2);
}

export function formatValue(value: number, unit: BenchRow['unit']): string {
  if (unit === 'MB') return `${value.toFixed(value < 10 ? 1 : 0)} MB`;
  if (unit === '') return String(value);
  return value < 1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(2)} s`;
}
