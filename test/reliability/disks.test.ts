import { describe, expect, it } from 'vitest';
import { fillDisks, whyNoTmpfs } from '../torture/full-disk.ts';
import { checkPythonSyncOrder, checkSyncOrder } from '../torture/sync-order.ts';
import { whyNoTrace } from '../torture/traced-command.ts';
import { checkUmasks } from '../torture/umask.ts';

const noTmpfs = whyNoTmpfs();
const noTrace = whyNoTrace();

describe.skipIf(noTmpfs !== null)(`small disks (${noTmpfs ?? 'a tmpfs each'})`, () => {
  it('are told to be full, and mixed states are never left on them', async () => {
    const { figures, failures } = await fillDisks({ sizes: [256, 1536, 8192] });
    expect(failures).toEqual([]);
    expect(figures['full']).toBeGreaterThan(4);
    expect(figures['enough']).toBeGreaterThan(1);
  });
});

describe.skipIf(noTrace !== null)(`syncs (${noTrace ?? 'by strace'})`, () => {
  it('come before what they protect becomes visible', async () => {
    const { figures, failures } = await checkSyncOrder();
    expect(failures).toEqual([]);
    expect(figures['files']).toBeGreaterThan(15);
  });

  it('come before a Python prefix shows what pip wrote', async () => {
    const { figures, failures } = await checkPythonSyncOrder();
    expect(failures).toEqual([]);
    expect(figures['files']).toBeGreaterThan(15);
  });
});

it('modes do not depend on the umask', async () => {
  const { figures, failures } = await checkUmasks();
  expect(failures).toEqual([]);
  expect(figures['entries']).toBeGreaterThan(60);
});
