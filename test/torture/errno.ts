import type { LoopbackGitHub } from '../support/loopback-github.ts';
import { checkHealing, checkOldOrNew, findPoints, prepare } from './crash.ts';
import { type Figures, inParallel, sample } from './experiment.ts';
import type { MutationPoint } from './mutation-points.ts';
import type { SeededRandom } from './seeded-random.ts';
import { installWords, NEW, OLD, startReleases } from './site.ts';
import { prefixVersion, storeHas } from './site-state.ts';
import { traceCommand } from './traced-command.ts';

export interface ErrnoOptions {
  /** How many pairs of a place and an error to try. */
  readonly faults: number;
  readonly random: SeededRandom;
  /** Runs at the same time. */
  readonly jobs: number;
}

/** What each errno has to become. */
const CODES: Readonly<Record<string, string>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EPERM: 'PERMISSION_DENIED',
  EIO: 'INSTALL_FAILED',
  EXDEV: 'INSTALL_FAILED',
};

/** Which errors a call can give. */
const ERRORS: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /^(rename|link|p?write|f(data)?sync|f?truncate|ioctl)/,
    ['ENOSPC', 'EDQUOT', 'EPERM', 'EIO', 'EXDEV'],
  ],
  [/^(mkdir|symlink|open|creat|fallocate)/, ['ENOSPC', 'EDQUOT', 'EPERM', 'EIO']],
  [/chmod|utimens|^unlink|^rmdir/, ['EPERM', 'EIO']],
];

/** Places at which a fault once did harm; these are tried in every form. */
const KNOWN_HARM =
  /^EIO (fsync\(\d+<\/prefix\/node_modules>|unlink\("\/home\/locks)|^EPERM unlink\("[^"]*bin\/codex"/;

interface Fault {
  readonly before: string | null;
  readonly point: MutationPoint;
  readonly errno: string;
}

/**
 * Makes chosen system calls of an installation and of an upgrade fail. A run either ends with exit
 * status 8 and the code that the error stands for, and store and prefix are old or new and whole;
 * or it did without the call, and everything is new. A link that cannot be becomes a copy.
 */
export async function injectErrors(options: ErrnoOptions): Promise<Figures> {
  await using github = await startReleases();
  const faults: Fault[] = [];
  for (const before of [null, OLD]) {
    for (const point of await findPoints(github, before)) {
      const errors = ERRORS.find(([call]) => call.test(point.call))?.[1] ?? [];
      faults.push(...errors.map((errno) => ({ before, point, errno })));
    }
  }
  const figures: Record<string, number> = { faults: 0, refused: 0, succeeded: 0 };
  const failures: string[] = [];
  const known = faults.filter(({ errno, point }) => KNOWN_HARM.test(`${errno} ${point.text}`));
  const others = faults.filter((fault) => !known.includes(fault));
  const chosen = [...known, ...sample(others, options.faults, options.random)];
  await inParallel(options.jobs, chosen, async (fault) => {
    try {
      const outcome = await inject(github, fault);
      figures['faults'] = (figures['faults'] ?? 0) + 1;
      figures[outcome] = (figures[outcome] ?? 0) + 1;
    } catch (error) {
      failures.push(`${fault.errno} ${fault.before ?? 'fresh'} ${fault.point.text}: ${error}`);
    }
  });
  return { figures, failures };
}

async function inject(github: LoopbackGitHub, { before, point, errno }: Fault) {
  await using site = await prepare(github, before);
  const { status, stdout } = await traceCommand(site, installWords(site, NEW), {
    trace: point.call,
    fault: { at: point, what: `error=${errno}` },
  });
  await checkOldOrNew(site, before);
  const said = JSON.parse(stdout) as Record<string, unknown>;
  if (status === 0) {
    if ((await prefixVersion(site.prefix)) !== NEW) throw new Error('a false success');
    if (!(await storeHas(site.home, NEW))) throw new Error('a success without a stored runtime');
  } else {
    if (status !== 8 || said['code'] !== CODES[errno]) {
      throw new Error(`exit status ${status}, ${said['code']}: ${said['message']}`);
    }
    const copies = point.call.startsWith('link') && (errno === 'EXDEV' || errno === 'EPERM');
    if (copies) throw new Error('a link that cannot be was not replaced by a copy');
  }
  await checkHealing(site, before);
  return status === 0 ? 'succeeded' : 'refused';
}
