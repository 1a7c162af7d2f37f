import type { CliContext, CommonFlags } from './context.ts';

/** Continuation lines stand further in than the rows they belong to. */
const INDENT = '  ';
const GAP = '  ';

type Row = readonly string[];

/**
 * Rows as columns, without spaces at the ends of lines. Where they do not fit into `width`, the
 * columns that are too many go on lines of their own below each row; no cell is ever cut, so that
 * a path can still be copied.
 * @param width columns of the terminal; undefined where lines may be as long as they are
 */
export function formatTable(rows: readonly Row[], width?: number): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = breakColumns(widths, width);
  return rows
    .flatMap((row) =>
      lines.map((columns, line) => {
        const indent = line === 0 ? '' : INDENT;
        const cells = columns.map((column) => (row[column] ?? '').padEnd(widths[column] ?? 0));
        // A last column that is short or empty here and there leaves no spaces behind.
        return `${indent}${cells.join(GAP)}`.trimEnd();
      }),
    )
    .filter((line, index) => line !== '' || index % lines.length === 0)
    .join('\n');
}

/** Which columns share a line: as many as fit, in their order, and always at least one. */
function breakColumns(
  widths: readonly number[],
  width: number = Number.POSITIVE_INFINITY,
): readonly (readonly number[])[] {
  const lines: number[][] = [[]];
  let used = 0;
  for (const [column, needed] of widths.entries()) {
    const line = lines.at(-1);
    if (line !== undefined && (line.length === 0 || used + GAP.length + needed <= width)) {
      used += (line.length === 0 ? 0 : GAP.length) + needed;
      line.push(column);
    } else {
      used = INDENT.length + needed;
      lines.push([column]);
    }
  }
  return lines;
}

/** How wide a table may be: as the terminal that shows it, and anything where a program reads it. */
export function tableWidth(
  { stdoutColumns }: CliContext,
  { verbose }: CommonFlags,
): number | undefined {
  return verbose === true ? undefined : stdoutColumns;
}

/**
 * A digest, as `sha512:5b7c…`: its beginning tells two builds apart for somebody who looks at a
 * terminal. A pipe, `--json` and `--verbose` get it whole.
 */
export function formatDigest(digest: string, width: number | undefined): string {
  const shown = digest.indexOf(':') + 1 + 12;
  return width === undefined || digest.length <= shown ? digest : `${digest.slice(0, shown)}…`;
}
