import type { CodeModeTool } from './tool.ts';

/** As much of a `Codex` as the tools need. */
interface Server {
  request<T>(method: string, params: unknown, options?: { signal?: AbortSignal }): Promise<T>;
}

const path = { type: 'string', description: 'An absolute path.' } as const;

/**
 * Tools over a running app-server: `tools.codex.exec` runs a command in Codex's own sandbox, which
 * keeps it read-only unless a policy is given; `tools.files` reads and writes as the server's user.
 *
 * @param codex a client of the server
 * @param writable adds `files.write`; without it scripts change no file by themselves. Default false
 */
export function appServerTools(codex: Server, { writable = false } = {}): CodeModeTool[] {
  const call = (method: string, params: object, signal: AbortSignal) =>
    codex.request<Record<string, unknown>>(method, params, { signal });
  const tools: CodeModeTool[] = [
    {
      name: 'exec',
      namespace: 'codex',
      description: 'Runs a command, without a shell, in a read-only sandbox.',
      inputSchema: {
        type: 'object',
        properties: {
          command: { type: 'array', items: { type: 'string' } },
          cwd: path,
          timeoutMs: { type: 'number' },
        },
        required: ['command'],
      },
      outputSchema: {
        type: 'object',
        properties: {
          exitCode: { type: 'number' },
          stdout: { type: 'string' },
          stderr: { type: 'string' },
        },
        required: ['exitCode', 'stdout', 'stderr'],
      },
      run: (
        { command, cwd, timeoutMs }: { command: string[]; cwd?: string; timeoutMs?: number },
        { signal },
      ) =>
        call('command/exec', { command, cwd: cwd ?? null, timeoutMs: timeoutMs ?? null }, signal),
    },
    {
      name: 'read',
      namespace: 'files',
      description: 'Reads a text file (UTF-8).',
      inputSchema: { type: 'object', properties: { path }, required: ['path'] },
      outputSchema: { type: 'string' },
      run: async (input: { path: string }, { signal }) => {
        const { dataBase64 } = await call('fs/readFile', { path: input.path }, signal);
        return Buffer.from(String(dataBase64), 'base64').toString('utf8');
      },
    },
    {
      name: 'list',
      namespace: 'files',
      description: 'Lists a directory.',
      inputSchema: { type: 'object', properties: { path }, required: ['path'] },
      run: async (input: { path: string }, { signal }) =>
        (await call('fs/readDirectory', { path: input.path }, signal)).entries,
    },
  ];
  if (!writable) return tools;
  return [
    ...tools,
    {
      name: 'write',
      namespace: 'files',
      description: 'Writes a text file (UTF-8), replacing what is there.',
      inputSchema: {
        type: 'object',
        properties: { path, text: { type: 'string' } },
        required: ['path', 'text'],
      },
      run: async (input: { path: string; text: string }, { signal }) => {
        const dataBase64 = Buffer.from(input.text, 'utf8').toString('base64');
        await call('fs/writeFile', { path: input.path, dataBase64 }, signal);
      },
    },
  ];
}
