import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkHealing } from './crash.ts';
import type { Figures } from './experiment.ts';
import { installWords, makeSite, NEW, runCommand, startCommand, startReleases } from './site.ts';
import { prefixVersion, residue, storeHas } from './site-state.ts';

export interface CrowdOptions {
  /** Processes that install one version at once; every fourth into a prefix that all of these share. */
  readonly installers: number;
  /** Times that the holder of the lock is killed while others wait. */
  readonly kills: number;
}

/** A dead holder has to be replaced within this. */
const REPLACED_MS = 2_000;
/** How long the archive's bytes are kept back, so that everybody comes while the first one works. */
const DELAY_MS = 1_500;

/** Many installers at once: one downloads, all succeed. Then again, with the first one killed. */
export async function crowd(options: CrowdOptions): Promise<Figures> {
  const failures: string[] = [];
  await using github = await startReleases();
  github.fail({ route: 'cdn', delay: DELAY_MS });
  await using site = await makeSite(github);
  const sites = Array.from({ length: options.installers }, (_, index) =>
    index % 4 === 0 ? site : { ...site, prefix: join(site.root, `prefix-${index}`) },
  );
  const runs = await Promise.all(sites.map((one) => runCommand(one, installWords(one, NEW))));
  const successes = runs.filter(({ status }) => status === 0).length;
  const downloads = github.asked('cdn').length;
  for (const { status, signal, stdout } of runs) {
    if (status !== 0) failures.push(`exit status ${status ?? signal}: ${stdout}`);
  }
  if (downloads !== 1) failures.push(`${downloads} downloads`);
  for (const { prefix } of sites) {
    const version = await prefixVersion(prefix).catch(String);
    if (version !== NEW) failures.push(`${prefix} holds ${version}`);
  }
  await checkHealing(site, null).catch((error) => failures.push(String(error)));
  let slowestMs = 0;
  for (let kill = 0; kill < options.kills; kill += 1) {
    slowestMs = Math.max(slowestMs, await replaceDeadHolder(failures));
  }
  const replacedMs = Math.round(slowestMs);
  return { figures: { installers: runs.length, successes, downloads, replacedMs }, failures };
}

/** The milliseconds after a kill of the lock's holder until one of the waiting asks for the archive. */
async function replaceDeadHolder(failures: string[]): Promise<number> {
  await using github = await startReleases();
  await using site = await makeSite(github);
  github.fail({ route: 'cdn', delay: 60_000, times: 1 });
  const holder = startCommand(site, installWords(site, NEW));
  await untilAsked(() => github.asked('cdn').length >= 1);
  const waiting = [1, 2, 3].map((index) => ({
    ...site,
    prefix: join(site.root, `waits-${index}`),
  }));
  const runs = waiting.map((one) => runCommand(one, installWords(one, NEW)));
  await sleep(700);
  const ended = once(holder, 'exit');
  holder.kill('SIGKILL');
  await ended;
  const killed = performance.now();
  await untilAsked(() => github.asked('cdn').length >= 2);
  const replaced = performance.now() - killed;
  for (const { status, stdout } of await Promise.all(runs)) {
    if (status !== 0) failures.push(`after a kill of the holder: ${status} ${stdout}`);
  }
  if (replaced > REPLACED_MS) failures.push(`a dead holder was replaced after ${replaced} ms`);
  if (github.asked('cdn').length !== 2) failures.push(`${github.asked('cdn').length} downloads`);
  if (!(await storeHas(site.home, NEW))) failures.push('nothing was stored');
  const left = (await residue(site, [NEW])).filter((path) => path.startsWith('home/'));
  if (left.length > 0) failures.push(`left: ${left.join(' ')}`);
  return replaced;
}

async function untilAsked(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('nobody asked for the archive');
    await sleep(5);
  }
}
