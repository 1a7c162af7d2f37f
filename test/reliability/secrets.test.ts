import { describe, expect, it } from 'vitest';
import { giveHostileWords } from '../torture/hostile-words.ts';
import { watchSecrets } from '../torture/secrets.ts';
import { whyNoTrace } from '../torture/traced-command.ts';

const noTrace = whyNoTrace();

describe.skipIf(noTrace !== null)(`credentials (${noTrace ?? 'by strace'})`, () => {
  it('reach their own server and nobody else, whatever goes wrong', async () => {
    const { figures, failures } = await watchSecrets({ faults: 12, jobs: 2 });
    expect(failures).toEqual([]);
    expect(figures['withCredentials']).toBeGreaterThan(10);
  });
});

it('hostile words are answered in words, and never become an option of gh', async () => {
  const { figures, failures } = await giveHostileWords({ words: 45, jobs: 2 });
  expect(failures).toEqual([]);
  expect(figures['runs']).toBeGreaterThan(40);
});
