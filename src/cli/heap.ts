/**
 * V8 counts buffers with its own heap, and next to the 9 MB of this program the few that are in use
 * at a time look like growth: it would search the whole heap for garbage every 12 MB that pass
 * through, a sixth of an installation's CPU time. Dead buffers go with the young generation anyway.
 */
export function expectManyBuffers(): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  setFlagsFromString('--heap-growing-percent=700');
}
