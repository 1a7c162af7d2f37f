import { availableParallelism } from 'node:os';

/**
 * Gives zlib a thread for each core; Node's own number is four. It is read when the first of them is
 * needed, so this comes before any other work.
 */
export function useAllCores(env: NodeJS.ProcessEnv): void {
  env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, availableParallelism()));
}
