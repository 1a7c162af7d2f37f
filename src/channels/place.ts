import type { Channel } from '../asset.ts';

/** Where something is or is not, in words: `on github, npm`, `in the --source directory`. */
export function placeOf(channels: readonly Channel[]): string {
  const servers = channels.filter((channel) => channel !== 'dir');
  const places = [
    ...(servers.length === 0 ? [] : [`on ${servers.join(', ')}`]),
    ...(servers.length === channels.length ? [] : ['in the --source directory']),
  ];
  return places.join(' or ');
}
