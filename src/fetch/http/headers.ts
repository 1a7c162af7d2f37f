/** Response headers by lower-case name; of repeated ones the first. */
export type ResponseHeaders = Readonly<Record<string, string | undefined>>;

/** Of headers as the clients give them: by lower-case name, and lists of what was repeated. */
export function firstValues(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): ResponseHeaders {
  const entries = Object.entries(headers).map(([name, value]): [string, string | undefined] => [
    name,
    typeof value === 'object' ? value[0] : value,
  ]);
  return Object.fromEntries(entries);
}
