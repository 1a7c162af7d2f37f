import { alignedTable } from './aligned-table.ts';

/** The versions and ways of docs/compatibility.md: 0.115.0 cannot listen on a Unix socket. */
const VERSIONS = ['0.115.0', '0.142.0', '0.150.0', '0.156.0', '0.169.0', '0.171.0'];
const WITHOUT_SOCKET = ['0.115.0'];
export const CELLS = VERSIONS.flatMap((version) =>
  WITHOUT_SOCKET.includes(version)
    ? [`${version}:stdio`]
    : [`${version}:stdio`, `${version}:socket`],
);

/** Test files that use `describeReal`. */
export const FILES = [
  ...['lifecycle', 'threads', 'turns', 'approvals', 'tools', 'concurrency'].map(
    (name) => `test/app-server/${name}.test.ts`,
  ),
  'test/code-mode/real-codex.test.ts',
];

export interface AreaLog {
  readonly passed: number;
  /** Titles. */
  readonly failed: readonly string[];
}

export interface CompatibilityLog {
  readonly node: string;
  readonly platform: string;
  /** By cell, then by the title of the tests' `describe`. */
  readonly cells: Record<string, Record<string, AreaLog>>;
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

/** What a run of one cell came to, from vitest's report. */
export function readReport(report: unknown, cell: string): Record<string, AreaLog> {
  const suffix = ` on Codex ${cell.replace(':', ' over ')}`;
  const areas: Record<string, { passed: number; failed: string[] }> = {};
  for (const { assertionResults } of (report as Report).testResults) {
    for (const { ancestorTitles, title, status } of assertionResults) {
      const [describe] = ancestorTitles;
      if (describe?.endsWith(suffix) !== true) continue;
      const name = describe.slice(0, -suffix.length);
      const area = areas[name] ?? { passed: 0, failed: [] };
      areas[name] = area;
      if (status === 'passed') area.passed += 1;
      else if (status === 'failed') area.failed.push(title);
    }
  }
  return areas;
}

/** What keeps a log from being a proof: failures, and cells or areas in which nothing passed. */
export function faultsOf({ cells }: CompatibilityLog): string[] {
  const areas = areasOf(cells);
  if (areas.length === 0) return ['Nothing was run.'];
  return CELLS.flatMap((cell) =>
    areas.flatMap((area) => {
      const { passed = 0, failed = [] } = cells[cell]?.[area] ?? {};
      if (passed === 0 && failed.length === 0) return [`${cell}: ${area} has no log`];
      return failed.map((title) => `${cell}: ${area} ${title} failed`);
    }),
  );
}

function areasOf(cells: CompatibilityLog['cells']): string[] {
  return [...new Set(Object.values(cells).flatMap((cell) => Object.keys(cell)))];
}

/** docs/compatibility.md: a row for each area, a column for each version and way. */
export function compatibilityPage(log: CompatibilityLog): string {
  const areas = areasOf(log.cells);
  const columns = VERSIONS.flatMap((version) => [`${version}:stdio`, `${version}:socket`]);
  const cellText = (column: string, area: string): string => {
    if (!CELLS.includes(column)) return '–';
    const found = log.cells[column]?.[area];
    if (found === undefined) return '?';
    const { passed, failed } = found;
    return failed.length === 0 ? `${passed}` : `${passed} of ${passed + failed.length}`;
  };
  const rows = [
    ['', ...columns.map((column) => column.replace(':', '<br>'))],
    ...areas.map((area) => [area, ...columns.map((column) => cellText(column, area))]),
  ];
  const failures = columns.flatMap((column) =>
    Object.entries(log.cells[column] ?? {}).flatMap(([area, { failed }]) =>
      failed.map((title) => `- ${column.replace(':', ' over ')}: ${area} ${title}`),
    ),
  );
  return `# Compatibility

Tests of the client against real Codex runtimes whose model is a script, by version and way: the number that pass. \`npm run compatibility\` runs them and writes this page; its log is \`compatibility.json\`.

This run: Node ${log.node}, ${log.platform}. 0.115.0 cannot listen on a Unix socket.

${alignedTable(rows)}

${failures.length === 0 ? 'None failed.' : `These failed:\n\n${failures.join('\n')}`}

A version between two of these has what both have. For a newer one, \`npm run protocol-diff VERSION\` says what it adds, changes and removes against the protocol that the client was made for.
`;
}
