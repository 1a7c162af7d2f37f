import type { CommandSurface, ValueKind } from '../surface.ts';
import { singleQuoted } from './quote.ts';

/** A completion script for bash 3.2 (macOS) and newer. */
export function bashCompletion(program: string, commands: readonly CommandSurface[]): string {
  const run = `_${program.replaceAll('-', '_')}`;
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, value }) =>
      value === null
        ? []
        : [`    ${flags.map((flag) => `${name}:${flag}`).join('|')})${reply(value)} return ;;`],
    ),
  );
  const words = commands.map(({ name, options }) => {
    const flags = options.flatMap((option) => option.flags);
    return `    ${name}) words=${list(flags)} ;;`;
  });
  const operands = commands.flatMap(({ name, operands: [first] }) =>
    first === undefined || first.kind === 'any' ? [] : [`    ${name})${reply(first)} return ;;`],
  );
  return `# bash completion for ${program}; load it with: source <(${program} completion bash)
${run}() {
  local IFS=$'\\n' cur prev command words i
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  # bash takes --flag=value apart.
  if [ "$cur" = = ]; then cur=; elif [ "$prev" = = ]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  COMPREPLY=()
  command=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
    --) return ;;
    -*) ;;
    *) [ -n "$command" ] || command="\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$command:$prev" in
${values.join('\n')}
  esac
  case "$cur" in
  -*) ;;
  *)
    case "$command" in
${operands.join('\n')}
    esac
    ;;
  esac
  case "$command" in
    '') words=${list([...commands.map(({ name }) => name), '--help', '--version'])} ;;
${words.join('\n')}
    *) return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F ${run} ${program}
`;
}

function reply(value: ValueKind): string {
  switch (value.kind) {
    case 'words':
      return ` COMPREPLY=($(compgen -W ${list(value.words)} -- "$cur"));`;
    case 'directory':
      return ' compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur"));';
    case 'file':
      return ' compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"));';
    case 'any':
      return '';
  }
}

/** Words apart by line breaks, as IFS says. */
function list(words: readonly string[]): string {
  return singleQuoted(words.join('\n'));
}
