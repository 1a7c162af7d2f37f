import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CodexHome, makeCodexHome } from '../support/codex-home.ts';
import {
  type Answer,
  type ModelRequest,
  type ModelServer,
  promptOf,
  startModelServer,
} from '../support/model-server.ts';
import { realExecutable, VERSIONS } from '../support/real-codex.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** Stands for the URL of a picture on loopback. */
const PICTURE = 'PICTURE';

interface Example {
  readonly file: string;
  /** Default: the model says "answer to: " and the prompt. */
  readonly script?: (request: ModelRequest, count: number) => Answer;
  readonly args?: readonly string[];
  readonly stdin?: string;
  /** What its output must match, in this order. */
  readonly shows: readonly (string | RegExp)[];
  /** What the model must have been sent. */
  readonly sends?: readonly (string | RegExp)[];
}

const echo = (request: ModelRequest): Answer => ({
  kind: 'text',
  text: `answer to: ${promptOf(request)}`,
});

const examples: readonly Example[] = [
  {
    file: '01-quickstart.ts',
    shows: ['Server: codex VERSION', 'Status: completed', 'Text: answer to: Say hello'],
  },
  {
    file: '02-run.ts',
    shows: [
      /threadId: [0-9a-f-]{36}/,
      /turnId: [0-9a-f-]{36}/,
      'status: completed',
      'text: answer to: Give 3 bullets',
      'items: userMessage, agentMessage',
      'usage: 15 tokens',
    ],
  },
  {
    file: '03-stream.ts',
    script: () => ({ kind: 'text', text: 'word '.repeat(60), delayMs: 20 }),
    shows: [
      'steer: sent',
      'turn/started',
      'word word',
      'turn/completed: interrupted',
      /deltas: \d+/,
    ],
  },
  {
    file: '04-models.ts',
    shows: ['server: codex VERSION', 'user agent: codex-runtime/VERSION', /models: \d+/, '- gpt-'],
  },
  {
    file: '05-resume.ts',
    shows: [
      /Created thread: [0-9a-f-]{36}/,
      'First: answer to: Tell me',
      'Second: answer to: Continue',
    ],
    sends: ['answer to: Tell me one fact'],
  },
  {
    file: '06-lifecycle.ts',
    shows: [
      /first: [0-9a-f-]{36} completed/,
      /second: [0-9a-f-]{36} completed/,
      'read: lifecycle demo 2 turns',
      'active: 1',
      'archived: 1',
      'resumed: completed',
      'forked: true completed',
      'compact: sent',
      'Lifecycle OK:',
    ],
  },
  {
    file: '07-image.ts',
    args: [PICTURE],
    shows: ['Status: completed', 'answer to:'],
    sends: ['data:image/png;base64,iVBORw0KGgo'],
  },
  {
    file: '08-local-image.ts',
    shows: ['Status: completed', 'answer to:'],
    sends: ['data:image/png;base64,'],
  },
  {
    file: '09-concurrency.ts',
    shows: ['tides', 'glaciers', 'volcanoes', 'aurorae'].map(
      (topic) => new RegExp(`${topic}: \\d+ events: answer to: Explain ${topic}`),
    ),
  },
  {
    file: '10-errors-and-retry.ts',
    script: (request, count) => (count < 3 ? { kind: 'overload' } : echo(request)),
    shows: [
      'Attempt: 1',
      'Attempt: 2',
      'Attempt: 3',
      'Text: answer to: Summarize',
      'Refused: -32600',
    ],
  },
  {
    file: '11-chat.ts',
    stdin: 'hello there\n\nrun it\ny\n/exit\n',
    script: (request) => {
      const { output } =
        request.input.findLast(({ type }) => type === 'function_call_output') ?? {};
      if (output !== undefined) return { kind: 'text', text: `ran: ${JSON.stringify(output)}` };
      if (promptOf(request) !== 'run it') return echo(request);
      const cmd = 'echo chat-$((40+2))';
      const args = { cmd, sandbox_permissions: 'require_escalated', justification: 'May I?' };
      return { kind: 'tool', name: 'exec_command', arguments: args };
    },
    shows: [
      /Thread: [0-9a-f-]{36}/,
      'codex> answer to: hello there',
      'status> completed',
      'usage> last 15, total 15',
      'Allow ',
      'chat-42',
      'total 45',
    ],
  },
  {
    file: '12-turn-parameters.ts',
    script: () => ({ kind: 'text', text: '{"summary":"slowly","actions":["one"]}' }),
    shows: ['Status: completed', 'Text: {"summary":"slowly"', 'Usage: {"totalTokens":15'],
    sends: ['"model":"gpt-5.4"', '"additionalProperties":false', 'Prefer small, reversible steps.'],
  },
  {
    file: '13-choose-model.ts',
    shows: [
      /selected model: gpt-/,
      /selected effort: \w+/,
      'answer: answer to: Give one short',
      'plan: answer to: Now as a plan',
      'usage: 30 tokens',
    ],
    sends: ['"model":"gpt-'],
  },
  {
    file: '14-code-mode.ts',
    script: (_, count) =>
      count === 1
        ? {
            kind: 'tool',
            name: 'exec_script',
            arguments: {
              source: `const all = await Promise.all(['Rome', 'Oslo', 'Bern'].map((city) => tools.lookup({ city })));
                text(all.filter(({ people }) => people > 500_000).map(({ city }) => city));`,
            },
          }
        : { kind: 'text', text: 'Rome and Oslo.' },
    shows: [
      'lookup: Rome',
      'lookup: Oslo',
      'lookup: Bern',
      'Status: completed',
      'Text: Rome and Oslo.',
    ],
    sends: ['Rome', 'Oslo'],
  },
  {
    file: '15-scripts.ts',
    shows: ['first: running', 'then: completed', 'Script completed', 'kept: slow answer'],
  },
  {
    file: '16-tools.ts',
    script: ({ input }) => {
      const outputs = input.filter(({ type }) => type === 'function_call_output');
      const name = 'look_up_stock';
      if (outputs.length === 0) return { kind: 'tool', name, arguments: { fruit: 'apples' } };
      if (outputs.length === 1) return { kind: 'tool', name, arguments: { fruit: 'pears' } };
      return { kind: 'text', text: '{"inStock":["apples"],"soldOut":["pears"]}' };
    },
    shows: ['in stock: apples', 'sold out: pears'],
    sends: ['look_up_stock', /pieces.{1,10}12/],
  },
  {
    file: 'walkthrough.ts',
    script: (request) => {
      const prompt = promptOf(request);
      const done = request.input.at(-1)?.type === 'function_call_output';
      if (done && prompt.includes('kitchen')) return { kind: 'text', text: '21 degrees.' };
      if (done) {
        return { kind: 'text', text: `ran: ${JSON.stringify(request.input.at(-1)?.output)}` };
      }
      if (prompt.includes('kitchen')) {
        return { kind: 'tool', name: 'read_sensor', arguments: { room: 'kitchen' } };
      }
      if (!prompt.includes('date')) return echo(request);
      const args = { cmd: 'date +walked', sandbox_permissions: 'require_escalated' };
      return {
        kind: 'tool',
        name: 'exec_command',
        arguments: { ...args, justification: 'May I?' },
      };
    },
    shows: [
      '1. server: codex VERSION',
      '2. answer: answer to: Say hello',
      '3. streamed: completed',
      'answer to: Name three rivers',
      'called: {"room":"kitchen"}',
      '4. tool: 21 degrees.',
      'asked: May I? -> accept',
      '5. approved: ran: ',
      'walked',
      /6. thread: [0-9a-f-]{36}/,
    ],
    sends: ['read_sensor', /celsius.{1,5}21/],
  },
];

/** A project whose installed `codex-cli-bin` is the real runtime. */
async function makeProject(home: CodexHome, executable: string): Promise<void> {
  const dir = join(home.work, 'node_modules', 'codex-cli-bin');
  await mkdir(dir, { recursive: true });
  const main = `exports.codexPath = () => ${JSON.stringify(executable)};\n`;
  await writeFile(join(dir, 'index.js'), main);
  await writeFile(join(dir, 'package.json'), '{"name":"codex-cli-bin","main":"index.js"}');
}

async function run(
  { file, stdin = '', args = [] }: Example,
  home: CodexHome,
  picture: string,
): Promise<string> {
  const own = args.map((arg) => (arg === PICTURE ? picture : arg));
  const all = ['--import', import.meta.resolve('tsx'), join(EXAMPLES, file), ...own];
  const child = spawn(process.execPath, all, { cwd: home.work, env: home.env });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdin.end(stdin);
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ file, code, errors }).toEqual({ file, code: 0, errors: '' });
  return output;
}

function expectInOrder(text: string, parts: readonly (string | RegExp)[]): void {
  let rest = text;
  for (const part of parts) {
    const found = typeof part === 'string' ? rest.indexOf(part) : rest.search(part);
    expect(found, `${part} in ${rest}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(found + 1);
  }
}

describe.each(VERSIONS)('the examples on Codex %s', (version) => {
  let executable: string;
  const open: { home: CodexHome; model: ModelServer }[] = [];

  beforeAll(async () => {
    executable = await realExecutable(version);
  });

  afterAll(async () => {
    for (const { home, model } of open) {
      await model.close();
      await home.remove();
    }
  });

  it.concurrent.each(examples)('$file', async (example) => {
    const { script, shows, sends } = example;
    const model = await startModelServer(script ?? echo);
    const home = await makeCodexHome(model.url);
    open.push({ home, model });
    await makeProject(home, executable);
    const output = await run(example, home, model.picture);
    expectInOrder(
      output,
      shows.map((part) => (typeof part === 'string' ? part.replace('VERSION', version) : part)),
    );
    const sent = JSON.stringify(model.requests);
    for (const part of sends ?? []) expect(sent).toMatch(part);
  });
});

describe('the examples', () => {
  it('are all run here and all in the list of the guide', async () => {
    const files = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.ts')).sort();
    expect(examples.map(({ file }) => file)).toEqual(files);
    const readme = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
    for (const file of files) expect(readme).toContain(file);
  });
});
