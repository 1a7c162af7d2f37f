import { expect, it } from 'vitest';
import { placeOf } from '../../src/channels/release-channel.ts';

it.each([
  [['npm'], 'on npm'],
  [['github', 'npm'], 'on github, npm'],
  [['dir'], 'in the --source directory'],
  [['dir', 'npm'], 'on npm or in the --source directory'],
] as const)('names where %j is', (channels, place) => {
  expect(placeOf(channels)).toBe(place);
});
