import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { Argument, Command, InvalidArgumentError } from 'commander';
import type { CodeMode } from '../../code-mode/index.ts';
import { CodexRuntimeError, escapeControls } from '../../errors.ts';
import type { CliContext, CommonFlags, ExitWith } from '../context.ts';
import { addCommonFlags } from '../flags.ts';
import { parseCount, parseDuration } from '../option-values.ts';
import { printResult } from '../print-result.ts';

interface CodeModeFlags extends CommonFlags {
  readonly tool?: readonly { readonly name: string; readonly command: string }[];
  readonly heap?: number;
  readonly timeout?: number;
  readonly mcp?: true;
}

/** Longer than any script may take: `run` waits for the end. */
const NEVER_MS = 2 ** 31 - 1;

export function createCommand(context: CliContext, exitWith: ExitWith): Command {
  const command = new Command('code-mode')
    .description('Run scripts that call tools, in an engine of their own.')
    .addArgument(new Argument('<action>', 'what to do').choices(['run', 'serve']))
    .argument('[file]', 'run: the script, or - for standard input')
    .option('--mcp', 'serve: speak the Model Context Protocol')
    .option('--tool <name=command>', 'a shell command as a tool; repeatable', collectTool)
    .option('--timeout <time>', 'stop a script after this time (default: 10m)', parseDuration)
    .option('--heap <MiB>', "memory for a script's values (default: 64)", parseCount);
  return addCommonFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (action: 'run' | 'serve', file: string | undefined, flags: CodeModeFlags) => {
      verifyWords(action, file, flags);
      const source = file === undefined ? '' : await readScript(context, file);
      await using codeMode = await openCodeMode(context, flags);
      if (action === 'run') await run(codeMode, source, { context, flags, exitWith });
      else await serve(codeMode, context);
    });
}

function verifyWords(action: string, file: string | undefined, { mcp }: CodeModeFlags): void {
  const refuse = (message: string, hint: string) => {
    throw new CodexRuntimeError('USAGE', message, { hint });
  };
  if (action === 'run' && file === undefined) {
    refuse('code-mode run needs a script.', 'Name a file, or - for standard input.');
  }
  if (action === 'run' && mcp === true)
    refuse('run does not take --mcp.', 'Use: code-mode serve --mcp.');
  if (action === 'serve' && file !== undefined) {
    refuse('serve takes no script: its client sends them.', 'Use code-mode run for one script.');
  }
  if (action === 'serve' && mcp !== true) {
    refuse('serve needs a protocol.', 'Use: code-mode serve --mcp.');
  }
}

async function run(
  codeMode: CodeMode,
  source: string,
  { context, flags, exitWith }: { context: CliContext; flags: CodeModeFlags; exitWith: ExitWith },
): Promise<void> {
  const { signal } = context;
  const waiting = { yieldMs: NEVER_MS, signal };
  let result = await codeMode.exec(source, waiting);
  const items = [...result.items];
  while (result.status === 'running') {
    signal.throwIfAborted();
    result = await codeMode.wait(result.cellId, waiting);
    items.push(...result.items);
  }
  signal.throwIfAborted();
  const lines = items.map((item) => (item.type === 'text' ? item.text : shownImage(item.url)));
  printResult(context, flags, { result: { ...result, items }, text: lines.join('\n') });
  if (result.status !== 'failed') return;
  exitWith(1);
  if (flags.json === true) return;
  const { name, message, stack } = result.error;
  context.stderr.write(escapeControls(`${name}: ${message}\n${stack === '' ? '' : `${stack}\n`}`));
}

function shownImage(url: string): string {
  return `[image: ${url.length > 60 ? `${url.slice(0, 60)}…` : url}]`;
}

async function serve(codeMode: CodeMode, context: CliContext): Promise<void> {
  const { serveMcp } = await import('../../code-mode/mcp-server.ts');
  await serveMcp(codeMode, {
    input: context.openStdin(),
    output: context.stdout,
    signal: context.signal,
  });
}

async function openCodeMode(
  context: CliContext,
  { tool = [], heap, timeout }: CodeModeFlags,
): Promise<CodeMode> {
  const { CodeMode } = await import('../../code-mode/code-mode.ts');
  const { CodeModeError } = await import('../../code-mode/errors.ts');
  const { commandTool } = await import('../../code-mode/command-tool.ts');
  const tools = tool.map(({ name, command }) => commandTool({ name, command, env: context.env }));
  const limits = {
    ...(heap === undefined ? {} : { heapMb: heap }),
    ...(timeout === undefined ? {} : { cellMs: timeout }),
  };
  try {
    return await CodeMode.start({ tools, limits });
  } catch (error) {
    if (error instanceof CodeModeError && error.code === 'USAGE') {
      throw new CodexRuntimeError('USAGE', error.message, { cause: error });
    }
    throw error;
  }
}

async function readScript(context: CliContext, file: string): Promise<string> {
  if (file === '-') return await readAll(context.openStdin());
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CodexRuntimeError('USAGE', `The script ${file} cannot be read.`, {
      hint: 'Name a file with JavaScript, or - for standard input.',
      cause,
    });
  }
}

function collectTool(
  text: string,
  before: CodeModeFlags['tool'] = [],
): NonNullable<CodeModeFlags['tool']> {
  const at = text.indexOf('=');
  if (at < 1 || text.slice(at + 1).trim() === '') {
    throw new InvalidArgumentError('Write it like now="date +%s".');
  }
  return [...before, { name: text.slice(0, at), command: text.slice(at + 1) }];
}

const EXAMPLES = `
run runs one script and prints what it writes; the status is 1 where the script
fails. serve offers exec and wait to an MCP client over standard input and output.

A script is JavaScript with await at its top. It has tools.NAME(input), text(value),
image(url), store(key, value), load(key), setTimeout and ALL_TOOLS: no files,
network, process or modules. A tool's command reads its input as JSON on standard
input; what it prints is the value.

Examples:
  echo 'text(1 + 1)' | codex-runtime code-mode run -
  codex-runtime code-mode run script.js --tool now="date +%s"
  codex-runtime code-mode run script.js --timeout 30s --json
  codex mcp add scripts -- codex-runtime code-mode serve --mcp
`;
