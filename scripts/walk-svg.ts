import { escapeXml } from './escape-xml.ts';
import { ROOMS, type Room, type Step } from './walk.ts';

const LANE = 84;
const ROW = 26;
const TOP = 44;
const MARGIN = 52;
const WIDTH = MARGIN * 2 + LANE * (ROOMS.length - 1);
/** Width of a letter of the labels. */
const LETTER = 6.7;

/** The steps from top to bottom, each in the lane of its room, and the way that leads through them. */
export function drawWalk(steps: readonly Step[]): string {
  const height = TOP + ROW * steps.length + 8;
  const lanes = ROOMS.map((room, lane) => {
    const x = MARGIN + LANE * lane;
    return `<line x1="${x}" y1="32" x2="${x}" y2="${height}"/><text x="${x}" y="20">${room}/</text>`;
  });
  const way = steps.map(({ room }, row) => `${xOf(room)},${yOf(row)}`).join(' ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="The functions that codex-runtime install calls, by room">
<style>
  text { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; text-anchor: middle; fill: #1f2328; }
  .lanes line { stroke: #d1d9e0; }
  .lanes text { font-weight: 600; }
  .way { fill: none; stroke: #0969da; stroke-width: 1.5; }
  rect { fill: #ffffff; stroke: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .lanes line { stroke: #3d444d; }
    .way { stroke: #4493f8; }
    rect { fill: #0d1117; stroke: #4493f8; }
  }
</style>
<g class="lanes">
${lanes.join('\n')}
</g>
<polyline class="way" points="${way}"/>
${steps.map(drawStep).join('\n')}
</svg>
`;
}

function drawStep({ room, name, file }: Step, row: number): string {
  const width = Math.round(name.length * LETTER) + 12;
  // A long name stays inside the picture.
  const x = Math.min(Math.max(xOf(room), width / 2 + 2), WIDTH - width / 2 - 2);
  const y = yOf(row);
  const box = `<rect x="${x - width / 2}" y="${y - 9}" width="${width}" height="18" rx="4"/>`;
  const title = `<title>src/${escapeXml(file)}</title>`;
  return `<g>${title}${box}<text x="${x}" y="${y + 4}">${escapeXml(name)}</text></g>`;
}

function xOf(room: Room): number {
  return MARGIN + LANE * ROOMS.indexOf(room);
}

function yOf(row: number): number {
  return TOP + ROW * row + ROW / 2;
}
