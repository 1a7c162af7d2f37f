/** JSON texts of about `bytes` bytes that take as much memory as they can. */
export const HOSTILE_JSON: Readonly<Record<string, (bytes: number) => string>> = {
  'arrays in arrays': (bytes) => '['.repeat(bytes / 2) + ']'.repeat(bytes / 2),
  'objects in objects': (bytes) => `${'{"a":'.repeat(bytes / 6)}0${'}'.repeat(bytes / 6)}`,
  'empty objects': (bytes) => `[${'{},'.repeat(bytes / 3 - 2)}0]`,
  'arrays of one': (bytes) => `[${'[0],'.repeat(bytes / 4 - 2)}0]`,
  'half a million lists, the most that is read': (bytes) => {
    const lists = Math.min(499_990, bytes / 4 - 10);
    return `[${'[0],'.repeat(lists)}"${'x'.repeat(bytes - 4 * Math.trunc(lists) - 10)}"]`;
  },
  'one long string, two bytes a letter': (bytes) => `["${'\u4e00'.repeat(bytes / 3 - 2)}"]`,
  'an object of many keys': (bytes) => {
    const keys = Array.from({ length: bytes / 12 }, (_, at) => `"${at.toString(36)}":0`);
    return `{${keys.join(',')}}`;
  },
};
