import { describe, expect, it } from 'vitest';
import { untilUnblocked } from '../../src/disk/until-unblocked.ts';

/** A call that fails with `errno` some times before it succeeds. */
function blocked(errno: string, times: number) {
  const call = {
    calls: 0,
    async run(): Promise<string> {
      call.calls += 1;
      if (call.calls <= times) throw Object.assign(new Error(errno), { code: errno });
      return 'done';
    },
  };
  return call;
}

describe('untilUnblocked', () => {
  it.each(['EPERM', 'EACCES', 'EBUSY'])('tries again on Windows after %s', async (errno) => {
    const call = blocked(errno, 3);
    expect(await untilUnblocked(call.run, { platform: 'win32' })).toBe('done');
    expect(call.calls).toBe(4);
  });

  it('gives up when it has tried long enough, with the native error', async () => {
    const call = blocked('EBUSY', Number.POSITIVE_INFINITY);
    const work = untilUnblocked(call.run, { platform: 'win32', patienceMs: 100 });
    await expect(work).rejects.toMatchObject({ code: 'EBUSY' });
    expect(call.calls).toBeGreaterThan(2);
  });

  it('tries once without patience', async () => {
    const call = blocked('EBUSY', 1);
    const work = untilUnblocked(call.run, { platform: 'win32', patienceMs: 0 });
    await expect(work).rejects.toMatchObject({ code: 'EBUSY' });
    expect(call.calls).toBe(1);
  });

  it.each([
    ['linux', 'EPERM'],
    ['darwin', 'EBUSY'],
    ['win32', 'ENOENT'],
    ['win32', 'ENOSPC'],
  ])('takes the first answer on %s for %s', async (platform, errno) => {
    const call = blocked(errno, 1);
    await expect(untilUnblocked(call.run, { platform })).rejects.toMatchObject({ code: errno });
    expect(call.calls).toBe(1);
  });
});
