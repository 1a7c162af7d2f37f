import { CodexRuntimeError } from '../errors.ts';
import type { Environment } from '../request/index.ts';
import type { CodexOptions } from './codex-options.ts';
import { verifyCodeModeHost, withCodeMode } from './compat/native-code-mode.ts';
import { configArguments } from './config-overrides.ts';
import { resolveExecutable } from './executable.ts';
import { serverEnvironment } from './server-environment.ts';
import type { ChildCommand } from './transport/child-transport.ts';

/**
 * The program that `Codex.start` runs: the given command as it is, else the app-server of a runtime.
 * @throws CodexRuntimeError `USAGE` for a command together with what only a runtime has, for a
 * config that TOML does not have, or for a runtime without the code mode that is asked for; what {@link resolveExecutable} throws
 */
export async function serverProgram(
  options: CodexOptions,
  cwd: string,
  env: Environment,
): Promise<Pick<ChildCommand, 'command' | 'args' | 'env'>> {
  const { codexPath, provision = false, signal } = options;
  const isNative = options.codeMode === 'native';
  if (options.command !== undefined) {
    const [command, ...args] = options.command;
    verifyAlone(options);
    return { command, args, env };
  }
  const given = options.config ?? {};
  const config = isNative ? withCodeMode(given) : given;
  const args = ['app-server', ...configArguments(config)];
  const command = await resolveExecutable({ codexPath, cwd, env, signal, provision });
  if (isNative) await verifyCodeModeHost(command);
  return { command, args, env: await serverEnvironment(env, command) };
}

function verifyAlone({ command, codexPath, provision, config, codeMode }: CodexOptions): void {
  const others = { codexPath, provision: provision || undefined, config, codeMode };
  const [name] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (command?.[0] !== '' && name === undefined) return;
  throw new CodexRuntimeError(
    'USAGE',
    name === undefined
      ? 'command does not begin with a program.'
      : `command and ${name} exclude each other.`,
    { hint: 'A command is run as it is: give it what it needs as arguments.' },
  );
}
