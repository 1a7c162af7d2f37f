import { join } from 'node:path';
import type { Figures } from './experiment.ts';
import type { SeededRandom } from './seeded-random.ts';
import { makeSite, NEW, OLD, runCommand, type Site, startReleases } from './site.ts';
import { prefixVersion, residue } from './site-state.ts';

export interface SideBySideOptions {
  readonly rounds: number;
  readonly random: SeededRandom;
}

/** Commands that run at the same time in a round. */
const AT_ONCE = 4;

/** A command, and the exit statuses that what the others do can explain. */
interface Choice {
  readonly words: (site: Site, version: string) => readonly string[];
  readonly statuses: readonly number[];
}

/** 4: there is nothing to remove, or of another version. */
const CHOICES: readonly Choice[] = [
  { words: (site, version) => ['install', version, '--prefix', site.prefix], statuses: [0] },
  {
    words: (site, version) => ['install', version, '--prefix', site.prefix, '--force'],
    statuses: [0],
  },
  { words: (site) => ['uninstall', '--prefix', site.prefix], statuses: [0, 4] },
  { words: (_, version) => ['uninstall', version], statuses: [0, 4] },
  { words: () => ['prune', '--unused-for', '0s'], statuses: [0] },
  { words: (_, version) => ['which', version], statuses: [0] },
  { words: (_, version) => ['exec', version, '--', 'args', 'x'], statuses: [0] },
  { words: () => ['list'], statuses: [0] },
];

/**
 * Rounds of random commands at the same time on one home and two prefixes: each ends with a status
 * that the commands themselves explain, each prefix then holds a whole package or none, and nothing
 * is left under construction.
 */
export async function runSideBySide({ rounds, random }: SideBySideOptions): Promise<Figures> {
  const failures: string[] = [];
  let commands = 0;
  await using github = await startReleases();
  await using one = await makeSite(github);
  const sites = [one, { ...one, prefix: join(one.root, 'second') }];
  for (let round = 0; round < rounds; round += 1) {
    const runs = Array.from({ length: AT_ONCE }, async () => {
      const { words, statuses } = pick(CHOICES, random);
      const line = words(pick(sites, random), pick([OLD, NEW], random));
      const { status, signal, stderr } = await runCommand(one, line);
      commands += 1;
      if (status !== null && statuses.includes(status)) return;
      failures.push(`round ${round}: ${line.join(' ')}: ${status ?? signal} ${stderr}`);
    });
    await Promise.all(runs);
    for (const { prefix } of sites) {
      await prefixVersion(prefix).catch((error) => failures.push(`round ${round}: ${error}`));
    }
  }
  await runCommand(one, ['which', NEW]);
  await runCommand(one, ['prune']);
  const left = (await residue(one, [OLD, NEW])).filter((path) => path.startsWith('home/'));
  if (left.length > 0) failures.push(`left: ${left.join(' ')}`);
  return { figures: { rounds, commands }, failures };
}

function pick<T>(items: readonly T[], random: SeededRandom): T {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new TypeError('there is nothing to choose from');
  return item;
}
