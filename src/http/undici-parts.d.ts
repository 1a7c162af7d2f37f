// Loading undici as a whole takes three times as long as the part that most runs need.
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export = Agent;
}
