import { access, constants, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodexRuntimeError } from '../../errors.ts';
import type { ConfigTable } from '../config-overrides.ts';
import type { Notification } from '../connection/notification.ts';
import { AppServerError } from '../errors.ts';

/** How 0.171.0's warning begins that it goes on without code mode. */
const UNAVAILABLE = 'Code Mode is unavailable';

/**
 * Codex looks for the host of its code mode beside its own real path. Without one it gives the
 * model its tools one by one, and only warns.
 * @throws CodexRuntimeError `USAGE`
 */
export async function verifyCodeModeHost(executable: string): Promise<void> {
  const dir = dirname(await realpath(executable));
  const host = executable.toLowerCase().endsWith('.exe')
    ? 'codex-code-mode-host.exe'
    : 'codex-code-mode-host';
  try {
    const path = join(dir, host);
    await access(path, constants.X_OK);
    if (!(await stat(path)).isFile()) throw new Error('It is not a file.');
  } catch (cause) {
    throw new CodexRuntimeError(
      'USAGE',
      `This Codex has no code mode of its own: ${dir} holds no ${host}.`,
      {
        cause,
        hint: 'Use a complete build of Codex 0.169 or newer, as codex-runtime installs it, or scripts of codex-runtime/code-mode, which work with every Codex.',
        fields: { executable, host },
      },
    );
  }
}

/** `config` with code mode on. */
export function withCodeMode(config: ConfigTable): ConfigTable {
  const { features } = config;
  const others = typeof features === 'object' && !Array.isArray(features) ? features : {};
  return { ...config, features: { ...others, code_mode: true } };
}

/** The thread that a warning says has no code mode, and why. */
export function codeModeFault({
  method,
  params,
}: Notification): { readonly threadId: string; readonly error: AppServerError } | undefined {
  if (method !== 'warning' || !params.message.startsWith(UNAVAILABLE)) return undefined;
  const { threadId, message } = params;
  if (typeof threadId !== 'string') return undefined;
  const error = new AppServerError(message, {
    hint: 'Install the complete runtime again: "codex-runtime install", or give codexPath its bin/codex.',
    fields: { threadId },
  });
  return { threadId, error };
}

/** A step of Codex's own code mode, as the model and Codex see it. */
export type CodeModeStep =
  /** The model's script. */
  | { readonly kind: 'script'; readonly callId: string; readonly source: string }
  /** What the model got for the script, as text: its status, its output, its error. */
  | { readonly kind: 'result'; readonly callId: string; readonly text: string };

/**
 * What `notification` tells about a script of Codex's own code mode, which shows the calls of a
 * script as items and never the script itself. Threads of `Codex.start({ codeMode: 'native' })` tell
 * it by `rawResponseItem/completed`.
 */
export function codeModeStep({ method, params }: Notification): CodeModeStep | undefined {
  if (method !== 'rawResponseItem/completed') return undefined;
  const item = params.item as {
    type: string;
    call_id?: unknown;
    name?: unknown;
    input?: unknown;
    output?: unknown;
  };
  if (typeof item.call_id !== 'string') return undefined;
  const callId = item.call_id;
  if (item.type === 'custom_tool_call' && item.name === 'exec' && typeof item.input === 'string') {
    return { kind: 'script', callId, source: item.input };
  }
  const isResult = /^(custom_tool|function)_call_output$/.test(item.type);
  const text = isResult ? textOf(item.output) : '';
  // Results of exec and wait begin alike, and those of no other tool.
  return text.startsWith('Script ') ? { kind: 'result', callId, text } : undefined;
}

function textOf(output: unknown): string {
  if (typeof output === 'string') return output;
  if (!Array.isArray(output)) return '';
  return output.map((part: { text?: unknown }) => String(part.text ?? '')).join('');
}
