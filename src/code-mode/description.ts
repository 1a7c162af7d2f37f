import type { GuestTool } from './protocol.ts';

/** Characters of declarations in the description; a model finds the rest in `ALL_TOOLS`. */
const MAX_DECLARATIONS = 24_000;

/** What a model has to know to write scripts; the tools' own declarations come last. */
export function describeExec(
  tools: readonly GuestTool[],
  names: { readonly wait: string },
): string {
  const { shown, left } = declarations(tools);
  return `Runs a JavaScript script that calls tools, and gives back what the script writes. Use it to combine tool calls: loop over results, filter before you read them, run many calls at once.
- The source is an async module: \`await\` works at the top level; \`import\` and \`return\` do not.
- Plain JavaScript only, without file system, network, process, console, URL, TextEncoder or structuredClone. \`Intl\` is there; dates and \`Intl\` use UTC and en-US unless you name others.
- \`await tools.NAME(input)\` calls a tool. Its value is what the tool returned; a tool that fails throws an Error with its text. Run independent calls with \`Promise.all\`.
- \`text(value)\` writes output: strings as they are, other values as JSON. Only what is written comes back to you.
- \`image(dataUrl)\` writes an image: a data: URL, or an MCP image block.
- \`store(key, value)\` keeps a JSON value for later scripts; \`load(key)\` gives a copy, or undefined.
- \`setTimeout(callback, ms)\`, \`clearTimeout(id)\`; \`yield_control()\` returns the output so far while the script goes on; \`exit()\` ends the script.
- \`ALL_TOOLS\` lists every tool as {name, description}.
- A script that takes longer than \`yield_time_ms\` goes on by itself: the result says "running with cell ID", and \`${names.wait}\` gives what comes next.

Tools:
${shown}${left === 0 ? '' : `\n\n${left} more tools are only in ALL_TOOLS: find them by name and description.`}`;
}

export function describeWait(names: { readonly exec: string }): string {
  return `Waits for a script that \`${names.exec}\` left running, and gives the output that is new. With \`terminate\` it ends the script.`;
}

function declarations(tools: readonly GuestTool[]): { shown: string; left: number } {
  const shown: string[] = [];
  let characters = 0;
  for (const { path, description } of tools.filter(({ isDeferred }) => !isDeferred)) {
    const entry = `### ${path.join('.')}\n${description}`;
    characters += entry.length;
    if (characters > MAX_DECLARATIONS) break;
    shown.push(entry);
  }
  return {
    shown: shown.length === 0 ? 'none' : shown.join('\n\n'),
    left: tools.length - shown.length,
  };
}
