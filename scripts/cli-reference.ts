import { PassThrough } from 'node:stream';
import type { CliContext } from '../src/cli/context.ts';
import { type CommandSurface, loadSurface } from '../src/cli/surface.ts';
import { EXIT_STATUS } from '../src/errors.ts';

/**
 * Fills the generated parts of docs/cli.md from the commands' own definitions: what stands between
 * `<!-- help NAME -->` or `<!-- exit-statuses -->` and `<!-- end -->`. A command that has no such
 * part yet gets a section at the end.
 */
export async function renderReference(text: string): Promise<string> {
  const commands = await loadSurface(silentContext());
  const missing = commands.filter(({ name }) => !text.includes(`<!-- help ${name} -->`));
  const whole = `${text.trimEnd()}\n${missing.map(newSection).join('')}`;
  return whole
    .replace(/<!-- help (\S+) -->\n[\s\S]*?<!-- end -->/g, (_part, name: string) => {
      const command = commands.find((one) => one.name === name);
      if (command === undefined)
        throw new Error(`docs/cli.md describes an unknown command ${name}`);
      return region(`help ${name}`, `\`\`\`text\n${command.help.trim()}\n\`\`\``);
    })
    .replace(/<!-- exit-statuses -->\n[\s\S]*?<!-- end -->/, () =>
      region('exit-statuses', exitStatuses()),
    );
}

function newSection({ name, summary }: CommandSurface): string {
  const title = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return `\n### ${name}\n\n${title}\n\n<!-- help ${name} -->\n<!-- end -->\n`;
}

function region(name: string, content: string): string {
  return `<!-- ${name} -->\n\n${content}\n\n<!-- end -->`;
}

const MEANINGS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'unexpected: a fault of this program, or of an app-server',
  2: 'usage: the command line cannot be understood',
  3: 'no pin, or a bad one',
  4: 'release or asset not found',
  5: 'every source is unavailable',
  6: 'integrity failure: these are not the bytes, or not the version',
  7: 'unsupported platform',
  8: 'disk, permission or installation failure',
  9: 'verification found damage, or a release is not complete',
  130: 'interrupted (128 + the number of the signal)',
};

function exitStatuses(): string {
  const statuses = [0, ...new Set(Object.values(EXIT_STATUS))].sort((a, b) => a - b);
  const lines = statuses.map((status) => {
    const meaning = MEANINGS[status];
    if (meaning === undefined) throw new Error(`exit status ${status} has no meaning`);
    const codes = Object.entries(EXIT_STATUS)
      .filter(([, value]) => value === status)
      .map(([code]) => `\`${code}\``);
    return `- **${status}** ${meaning}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`;
  });
  return lines.join('\n');
}

/** Definitions are read, and nothing is run. */
function silentContext(): CliContext {
  return {
    stdout: new PassThrough(),
    print: () => undefined,
    say: () => undefined,
    stderr: new PassThrough(),
    openStdin: () => new PassThrough(),
    env: {},
    words: [],
    interactive: false,
    stderrColumns: 100,
    stderrColor: false,
    stdoutColumns: undefined,
    stdoutColor: false,
    signal: new AbortController().signal,
    releaseSignals: () => undefined,
  };
}
