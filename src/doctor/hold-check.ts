import { basename, join } from 'node:path';
import { errnoOf } from '../disk/errno.ts';
import { listNames } from '../disk/list-names.ts';
import { packageHold } from '../place/index.ts';
import { holdState, homeLayout } from '../store/index.ts';
import { type Check, type Finding, ok, warn } from './finding.ts';

/** Locks that are held, stopped or dead: a run that waits for a held one seems to hang. */
export const checkHolds: Check = async ({ settings: { home }, layout, name }) => {
  const { holds } = homeLayout(home);
  const names = await listNames(holds);
  const ofStore = names
    .filter((each) => each.endsWith('.lock'))
    .map((each) => join(holds, basename(each, '.lock')));
  // A prefix that is a file has no hold; another check reports that.
  const ofPrefix = await packageHold(layout, name).catch((error: unknown) => {
    if (errnoOf(error) === undefined) throw error;
  });
  const holdPaths = ofPrefix === undefined ? ofStore : [...ofStore, ofPrefix];
  const findings = await Promise.all(holdPaths.map(describeHold));
  const found = findings.filter((finding) => finding !== undefined);
  return found.length > 0 ? found : [ok('lock', 'No other run is at work here.')];
};

async function describeHold(path: string): Promise<Finding | undefined> {
  const lock = await holdState(path);
  if (lock === undefined) return undefined;
  const { pid, state } = lock;
  const fields = { path: `${path}.lock`, pid, state };
  const who = pid === null ? 'A process of another machine' : `Process ${pid}`;
  if (state === 'held') return ok('lock', `${who} is at work, and holds ${path}.lock.`, fields);
  if (state === 'silent') {
    return warn('lock', {
      summary: `${who} holds ${path}.lock and has stopped.`,
      advice: `Resume it (kill -CONT ${pid}) or end it (kill ${pid}); the next run does not wait for it.`,
      fields,
    });
  }
  return warn('lock', {
    summary: `${who} left ${path}.lock, and is gone.`,
    advice: 'Nothing to do: the next run takes it over, and finishes what was begun.',
    fields,
  });
}
