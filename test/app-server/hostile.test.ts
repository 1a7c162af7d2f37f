import { expect, it } from 'vitest';
import { runHostileSessions } from '../torture/hostile-sessions.ts';
import { SeededRandom } from '../torture/seeded-random.ts';

it('300 sessions with hostile servers end with results and typed errors alone', async () => {
  const { figures, failures } = await runHostileSessions({
    sessions: 300,
    random: new SeededRandom(12),
  });
  expect(failures).toEqual([]);
  expect(figures).toMatchObject({ sessions: 300, untyped: 0 });
  expect(figures['ProtocolError']).toBeGreaterThan(100);
  expect(figures['result']).toBeGreaterThan(10);
});
