import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { CodexRuntimeError } from '../../errors.ts';
import { bridgeSocket, controlSocketPath } from '../../operations/bridge-socket.ts';
import type { CliContext, CommonFlags } from '../context.ts';
import { addStreamFlags } from '../flags.ts';
import { nonEmpty } from '../option-values.ts';

interface BridgeFlags extends CommonFlags {
  readonly lines?: true;
  readonly tokenFile?: string;
}

export function createCommand(context: CliContext): Command {
  const command = new Command('bridge')
    .description('Relay stdin and stdout to a Unix socket, until the peer has said everything.')
    .argument(
      '[socket]',
      'path of the socket (default: that of "codex app-server proxy")',
      nonEmpty,
    )
    .option('--lines', 'speak JSON lines on stdin and stdout, WebSocket on the socket')
    .option('--token-file <file>', 'token for a listener with --ws-auth', nonEmpty);
  return addStreamFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (socket: string | undefined, flags: BridgeFlags) => {
      const { stdout: output, signal, env, stderr } = context;
      const path = socket ?? controlSocketPath(env);
      const { lines = false, tokenFile } = flags;
      verifyUsage(path, lines, tokenFile);
      const streams = { output, signal };
      const { received, sent } = lines
        ? await relayLines({ address: path, ...streams }, tokenFile, context)
        : await bridgeSocket({ path, input: context.openStdin(), ...streams });
      if (flags.verbose) stderr.write(`${received} bytes were received and ${sent} sent.\n`);
    });
}

async function relayLines(
  request: { address: string; output: CliContext['stdout']; signal: AbortSignal },
  tokenFile: string | undefined,
  context: CliContext,
) {
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  // Loaded only here: the plain bridge knows nothing of the protocol.
  const { bridgeLines } = await import('../../app-server/bridge-lines.ts');
  return bridgeLines({ ...request, token, input: context.openStdin() });
}

function verifyUsage(path: string, lines: boolean, tokenFile: string | undefined): void {
  if (lines) return;
  const isUrl = /^wss?:\/\//i.test(path);
  if (!isUrl && tokenFile === undefined) return;
  throw new CodexRuntimeError(
    'USAGE',
    isUrl ? 'A ws:// URL needs --lines.' : '--token-file needs --lines.',
    { hint: 'Without --lines the bridge relays bytes to a Unix socket.' },
  );
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new CodexRuntimeError('USAGE', `The token file ${file} cannot be read.`, { cause });
  }
}

const EXAMPLES = `
Bytes pass through as they are. The end of stdin closes the socket's writing half; the answer still
comes. It ends with 0 when the peer has closed after it took everything, with 5 (CONNECTION_LOST)
when the connection ended in the middle, and with 8 when nobody listens.

With --lines any client of "codex app-server" can use one that listens on a socket: each line on
stdin becomes one WebSocket message and each message one line on stdout. The end of stdin closes the
connection, as it ends an app-server on stdio: requests without an answer get none.

Examples:
  codex-runtime bridge /run/user/1000/codex.sock
  codex-runtime bridge --lines                           the server behind "codex app-server proxy"
  codex-runtime bridge --lines ws://127.0.0.1:4500 --token-file token
  ssh host codex-runtime bridge --lines /run/codex.sock  speak to an app-server over there
`;
