import type { CommandSurface, OptionSurface, ValueKind } from '../surface.ts';

/** A completion script for fish. */
export function fishCompletion(program: string, commands: readonly CommandSurface[]): string {
  const head = `complete -c ${program}`;
  const first = commands.map(
    ({ name, summary }) =>
      `${head} -n __fish_use_subcommand -a ${quoted(name)} -d ${quoted(summary)}`,
  );
  const rest = commands.flatMap(({ name, options, operands: [operand] }) => {
    const when = `${head} -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    const given = operand === undefined ? [] : argument(operand);
    return [
      ...options.map((option) => `${when} ${describe(option)}`),
      ...given.map((spec) => `${when} ${spec}`),
    ];
  });
  return [
    `# fish completion for ${program}; load it with: ${program} completion fish | source`,
    `${head} -f`,
    ...first,
    `${head} -n __fish_use_subcommand -s h -l help -d 'show help'`,
    `${head} -n __fish_use_subcommand -s V -l version -d 'output the version number'`,
    ...rest,
    '',
  ].join('\n');
}

function describe({ flags, description, value }: OptionSurface): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const takes = value === null ? [] : ['-r', ...argument(value)];
  return [...names, ...takes, '-d', quoted(description)].join(' ');
}

function argument(value: ValueKind): readonly string[] {
  switch (value.kind) {
    case 'words':
      return [`-f -a ${quoted(value.words.join(' '))}`];
    case 'directory':
      return [`-f -a ${quoted('(__fish_complete_directories)')}`];
    case 'file':
      return ['-F'];
    case 'any':
      return [];
  }
}

/** fish knows two escapes within single quotes. */
function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
