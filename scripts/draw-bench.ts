/** Draws docs/bench.svg from `.bench/results.json`, which `npm run bench` leaves. */
import { readFile, writeFile } from 'node:fs/promises';
import { type BenchRow, formatRatio, formatValue, verdictOn } from '../bench/row.ts';
import { escapeXml } from './escape-xml.ts';

const ROW = 34;
const LABEL = 430;
const SCALE = 300;
const TOP = 56;
const LINE = 22;
/** The ratio at which a bar ends, whatever it stands for. */
const LONGEST = 1.6;
/** What a printed ratio takes on the right of its bar. */
const RATIO_WIDTH = 36;

const text = await readFile(new URL('../.bench/results.json', import.meta.url), 'utf8');
const { machine, rows } = JSON.parse(text) as { machine: string; rows: readonly BenchRow[] };
const compared = rows.filter(({ theirs }) => theirs !== null);
const alone = rows.filter(({ theirs }) => theirs === null);
const end = TOP + compared.length * ROW;
const height = end + alone.length * LINE + 16;

const bars = compared.map(({ work, against, ratio, goal }, index) => {
  const y = TOP + index * ROW;
  const barEnd = LABEL + Math.min(ratio, LONGEST) * SCALE;
  const goalX = LABEL + Math.min(goal ?? 0, LONGEST) * SCALE;
  const mark = `<line x1="${goalX.toFixed(1)}" x2="${goalX.toFixed(1)}" y1="${y - 1}" y2="${y + 23}" class="goal"/>`;
  // A number across a mark cannot be read.
  const covered = goal !== null && goalX > barEnd - 8 && goalX < barEnd + RATIO_WIDTH;
  const ratioX = (covered ? Math.max(goalX, barEnd) : barEnd) + 8;
  return [
    `<text x="${LABEL - 12}" y="${y + 11}" text-anchor="end">${escapeXml(work)}</text>`,
    `<text x="${LABEL - 12}" y="${y + 24}" text-anchor="end" class="against">against ${escapeXml(against)}</text>`,
    `<rect x="${LABEL}" y="${y + 2}" width="${(barEnd - LABEL).toFixed(1)}" height="18" rx="2" class="${verdictOn({ ratio, goal }) ?? 'alike'}"/>`,
    ...(ratio > LONGEST
      ? [`<path d="M${barEnd - 20} ${y + 22}l8 -22m6 0l-8 22" class="cut"/>`]
      : []),
    ...(goal === null ? [] : [mark]),
    `<text x="${ratioX.toFixed(1)}" y="${y + 16}">${formatRatio({ ratio, goal })}</text>`,
  ].join('\n  ');
});

// Numbers of ours alone: nothing to draw a bar against.
const facts = alone.map((row, index) => {
  const y = end + index * LINE + 16;
  const goal = row.goal === null ? '' : ` of ${formatValue(row.goal, row.unit)}`;
  const value = `${formatValue(row.ours, row.unit)}${goal}`;
  return [
    `<text x="${LABEL - 12}" y="${y}" text-anchor="end">${escapeXml(row.work)}:</text>`,
    `<text x="${LABEL}" y="${y}" class="${verdictOn(row) ?? 'alike'}">${value}</text>`,
  ].join('\n  ');
});

const one = LABEL + SCALE;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LABEL + LONGEST * SCALE + 70} ${height}" role="img" aria-label="Our time as a share of the alternative's">
  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .against { font-size: 11px; fill: #6e7781 }
    .reached { fill: #2da44e }
    .missed { fill: #bf8700 }
    .alike { fill: #8c959f }
    .goal { stroke: #24292f; stroke-width: 2 }
    .cut { stroke: #ffffff; stroke-width: 3 }
    .one { stroke: #afb8c1; stroke-dasharray: 3 3 }
    rect.page { fill: #ffffff }
  </style>
  <rect class="page" width="100%" height="100%"/>
  <text x="16" y="22">Our time as a share of the alternative's; the mark is the goal: <tspan class="reached">reached</tspan>, <tspan class="missed">missed</tspan></text>
  <text x="16" y="38" class="against">${escapeXml(machine)}</text>
  <line x1="${one}" x2="${one}" y1="${TOP - 6}" y2="${end - 4}" class="one"/>
  ${[...bars, ...facts].join('\n  ')}
</svg>
`;
await writeFile(new URL('../docs/bench.svg', import.meta.url), svg);
