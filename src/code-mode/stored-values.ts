/**
 * What scripts stored, kept by the program: each `store` counts from the moment it is made, and the
 * end of a cell or of the host changes nothing.
 */
export class StoredValues {
  readonly #values = new Map<string, string>();
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Keeps `json` under `key`; false where that would be more than all values together may take. */
  set(key: string, json: string): boolean {
    const bytes = this.#bytes - sizeOf(key, this.#values.get(key)) + sizeOf(key, json);
    if (bytes > this.#limit) return false;
    this.#bytes = bytes;
    this.#values.set(key, json);
    return true;
  }

  entries(): [string, string][] {
    return [...this.#values];
  }
}

function sizeOf(key: string, json: string | undefined): number {
  return json === undefined ? 0 : Buffer.byteLength(key) + Buffer.byteLength(json);
}
