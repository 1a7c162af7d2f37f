import { spawn } from 'node:child_process';
import { endTree } from '../child/end-tree.ts';
import type { CodeModeTool } from './tool.ts';

/** More than this of a command's output is not kept. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

export interface CommandToolOptions {
  readonly name: string;
  /** A command line for the system's shell: the words of whoever starts the program, not the script's. */
  readonly command: string;
  readonly description?: string;
  /** The command's whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where it runs. Default: this process's working directory. */
  readonly cwd?: string;
}

/**
 * A tool that runs a command: the script's input comes to its standard input as JSON. What it
 * prints is the value, as JSON where it is JSON; another status than 0 is a failure with its words.
 */
export function commandTool({
  name,
  command,
  description,
  env,
  cwd,
}: CommandToolOptions): CodeModeTool {
  return {
    name,
    description: description ?? `Runs \`${command}\` with the input as JSON on its standard input.`,
    run: (input: unknown, { signal }) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const child = spawn(command, { shell: true, env, cwd, windowsHide: true });
        signal.addEventListener('abort', () => {
          endTree(child, env);
          reject(signal.reason);
        });
        const out = collect(child.stdout);
        const err = collect(child.stderr);
        child.on('error', reject);
        child.stdin.on('error', () => {
          // A command may end without having read its input.
        });
        child.stdin.end(`${JSON.stringify(input)}\n`);
        child.on('close', (code) => {
          if (code === 0) resolve(parseOutput(out()));
          else reject(new Error(`${name} ended with status ${code}. ${err().trim()}`.trim()));
        });
      }),
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < MAX_OUTPUT_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function parseOutput(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.replace(/\r?\n$/, '');
  }
}
