/** Response headers by lower-case name; of repeated ones the first. */
export type ResponseHeaders = Readonly<Record<string, string | undefined>>;

/** The headers as a client has them, which may give a list for a name. */
export function firstValues(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): ResponseHeaders {
  const entries = Object.entries(headers).map(([name, value]): [string, string | undefined] => [
    name.toLowerCase(),
    typeof value === 'object' ? value[0] : value,
  ]);
  return Object.fromEntries(entries);
}
