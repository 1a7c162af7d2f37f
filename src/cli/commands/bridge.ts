import { Command } from 'commander';
import { bridgeSocket } from '../../operations/bridge-socket.ts';
import type { CliContext } from '../context.ts';
import { addStreamFlags } from '../flags.ts';

export function createCommand(context: CliContext): Command {
  const command = new Command('bridge')
    .description('Relay stdin and stdout to a Unix socket, until the peer has said everything.')
    .argument('<socket>', 'path of the socket');
  return addStreamFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (path: string) => {
      const { stdout: output, signal } = context;
      await bridgeSocket({ path, input: context.openStdin(), output, signal });
    });
}

const EXAMPLES = `
The end of stdin closes the socket's writing half; the answer still comes. That the peer closes
first is no failure.

Examples:
  codex-runtime bridge /run/user/1000/codex.sock
  ssh host codex-runtime bridge /run/codex.sock          speak to an app-server over there
`;
