import type { CommandSurface, OptionSurface, ValueKind } from '../surface.ts';
import { singleQuoted } from './quote.ts';

/** A completion script for zsh. */
export function zshCompletion(program: string, commands: readonly CommandSurface[]): string {
  const run = `_${program.replaceAll('-', '_')}`;
  const names = commands.map(
    ({ name, summary }) => `    ${singleQuoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`,
  );
  const cases = commands.map(({ name, options, operands: [first] }) => {
    const specs = [
      ...options.flatMap(optionSpecs),
      ...(first === undefined ? [] : [singleQuoted(`1::${first.kind}:${action(first)}`)]),
    ];
    return `    ${name})\n      _arguments -S ${specs.join(' \\\n        ')}\n      ;;`;
  });
  return `#compdef ${program}
# zsh completion for ${program}; put it into a directory of $fpath as _${program}, or load it with:
# source <(${program} completion zsh)
${run}() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe -t commands command commands
    return
  fi
  local name="\${words[2]}"
  shift words
  ((CURRENT--))
  case "$name" in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = ${run} ]; then ${run} "$@"; else compdef ${run} ${program}; fi
`;
}

/** One spec for each spelling: they exclude each other. */
function optionSpecs({ flags, description, value }: OptionSurface): readonly string[] {
  const words = description.replace(/[[\]:\\]/g, '\\$&');
  const others = flags.length > 1 ? `(${flags.join(' ')})` : '';
  const takes = value === null ? '' : `:${value.kind}:${action(value)}`;
  return flags.map((flag) => {
    // --flag value and --flag=value
    const spelled = value !== null && flag.startsWith('--') ? `${flag}=` : flag;
    return singleQuoted(`${others}${spelled}[${words}]${takes}`);
  });
}

function action(value: ValueKind): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'directory':
      return '_files -/';
    case 'file':
      return '_files';
    case 'any':
      return '';
  }
}
