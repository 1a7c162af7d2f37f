/** A package's path below its registry: the slash behind a scope is escaped, as registries want it. */
export function packagePath(name: string): string {
  return name.replace('/', '%2f');
}
