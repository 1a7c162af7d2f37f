/**
 * Records `codex-runtime install` in a real terminal (tmux) and draws docs/terminal.svg from it: the
 * bar on its way, and what is on the screen at the end.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { escapeXml } from './escape-xml.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COLUMNS = 92;
const dir = mkdtempSync(join(tmpdir(), 'terminal-'));
const session = `draw-${process.pid}`;
const tmux = (...args: string[]) => execFileSync('tmux', args, { encoding: 'utf8' });
const screen = () => tmux('capture-pane', '-p', '-t', session);

const setup = `cd '${dir}' && export CODEX_RUNTIME_HOME='${dir}/home' PS1='$ ' && alias npx=true && codex-runtime() { node '${ROOT}bin/codex-runtime.js' "$@"; } && clear`;
const frames: string[] = [];
try {
  tmux(
    'new-session',
    '-d',
    '-s',
    session,
    '-x',
    String(COLUMNS),
    '-y',
    '14',
    'env -u CI bash --norc',
  );
  tmux('send-keys', '-t', session, setup, 'Enter');
  await sleep(800);
  await type('codex-runtime install 0.115.0 --prefix demo');
  for (let tries = 0; tries < 600 && !screen().includes('codex-cli-bin/bin/codex'); tries += 1) {
    const now = screen();
    if (/[█░]/.test(now)) frames.push(now);
    await sleep(50);
  }
  await type('demo/node_modules/.bin/codex --version');
  await sleep(1000);
  frames.push(screen());
} finally {
  tmux('kill-session', '-t', session);
  rmSync(dir, { recursive: true, force: true });
}

async function type(command: string): Promise<void> {
  tmux('send-keys', '-t', session, command, 'Enter');
  await sleep(100);
}

const middle = frames[Math.floor((frames.length - 1) / 2)] ?? '';
const last = (frames.at(-1) ?? '').replaceAll(dir, '~');
writeFileSync(join(ROOT, 'docs/terminal.svg'), draw(middle, last));

/** Shows the bar on its way for a while, then the end; the end alone where nothing moves. */
function draw(first: string, second: string): string {
  const lines = Math.max(first.trimEnd().split('\n').length, second.trimEnd().split('\n').length);
  const height = lines * 18 + 52;
  const width = Math.ceil(COLUMNS * 7.85 + 32);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal that installs Codex">
  <style>
    text { font: 13px ui-monospace, monospace; fill: #d0d7de; white-space: pre }
    .first { opacity: 0 }
    @media (prefers-reduced-motion: no-preference) {
      .first { animation: show 6s step-end infinite }
      .second { animation: hide 6s step-end infinite }
    }
    @keyframes show { 0% { opacity: 1 } 40% { opacity: 0 } }
    @keyframes hide { 0% { opacity: 0 } 40% { opacity: 1 } }
  </style>
  <rect width="100%" height="100%" rx="8" fill="#0d1117"/>
  <circle cx="20" cy="18" r="6" fill="#ff5f56"/><circle cx="40" cy="18" r="6" fill="#ffbd2e"/><circle cx="60" cy="18" r="6" fill="#27c93f"/>
  <g class="first">${rows(first)}</g>
  <g class="second">${rows(second)}</g>
</svg>
`;
}

function rows(frame: string): string {
  return frame
    .trimEnd()
    .split('\n')
    .map((line, index) => `<text x="16" y="${52 + index * 18}">${escapeXml(line)}</text>`)
    .join('');
}
