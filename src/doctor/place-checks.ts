import {
  type Inspected,
  loadKnownPrefixes,
  notedPlace,
  openPlace,
  type Place,
} from '../place/index.ts';
import { type Check, type Finding, fail, failFrom, ok, warn } from './finding.ts';
import { checkInstalled } from './runtime-checks.ts';

/** Whether the package in the prefix, or in the Python environment that is meant, is whole. */
export const checkPlace: Check = async (patient) => {
  const { place: options, settings } = patient;
  if (options.ecosystem !== 'python') return await checkInstalled(patient);
  try {
    const place = await openPlace(options, settings);
    const found = await place.inspect();
    if (found?.state === 'healthy') {
      const { version, dir } = found;
      return [ok('installed', `${place.name} ${version} at ${dir} is complete.`, { version, dir })];
    }
    if (found !== undefined) return [damaged('installed', place, found)];
    const where = await place.prefix();
    return [ok('installed', `${where} has no runtime package.`, { installed: null })];
  } catch (error) {
    return [failFrom('installed', error)];
  }
};

/**
 * Whether the other prefixes and Python environments that the home knows are whole. A warning: they
 * may belong to another project.
 */
export const checkOtherPlaces: Check = async ({ settings, layout, name }) => {
  const known = await loadKnownPrefixes(settings.home);
  const others = known.filter(
    (each) => each.python !== undefined || each.prefix !== layout.prefix || each.name !== name,
  );
  const findings: Finding[] = [];
  for (const each of others) {
    const place = await notedPlace(settings, each);
    const found = await place.inspect();
    if (found === undefined || found.state === 'healthy') continue;
    const { summary, advice, fields } = damaged('places', place, found);
    findings.push(warn('places', { summary, advice: advice ?? '', fields }));
  }
  if (findings.length > 0 || others.length === 0) return findings;
  const count = `${others.length} other ${others.length === 1 ? 'place' : 'places'}`;
  return [ok('places', `${count} with a runtime: all healthy.`, { places: others.length })];
};

function damaged(id: string, place: Place, { state, version, dir }: Inspected): Finding {
  const gone = state === 'missing' ? 'is gone' : 'is damaged';
  const command = ['codex-runtime install', version ?? 'VERSION', ...place.flags].join(' ');
  return fail(id, 'DAMAGED', {
    summary: `${place.name} ${version ?? ''} at ${dir} ${gone}.`.replace('  ', ' '),
    advice: `Run "${command}" to install it again, or "${['codex-runtime uninstall', ...place.flags].join(' ')}" to forget it.`,
    fields: { ecosystem: place.ecosystem, version, dir, state },
  });
}
