/**
 * How much the heap may grow, in percent, before V8 searches all of it for garbage. V8 counts buffers
 * with its heap, and next to the 9 MB of this program the few that are in use at a time look like
 * growth: by default it searches every 12 MB that pass through, a sixth of an installation's CPU
 * time. Up to Node 20 dead buffers go with the young generation; since then they wait for the
 * search, so that rarer searches cost memory.
 */
const GROWTH = { untilNode20: 500, since: 200 };

export function expectManyBuffers(versions: NodeJS.ProcessVersions): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  const growth = Number.parseInt(versions.node, 10) <= 20 ? GROWTH.untilNode20 : GROWTH.since;
  setFlagsFromString(`--heap-growing-percent=${growth}`);
}
