declare module '@npmcli/agent' {
  import type { Agent } from 'node:http';

  /** The agent that npm's own requests to `url` use: proxies, certificate authorities, addresses. */
  export function getAgent(url: string, options: object): Agent;
}
