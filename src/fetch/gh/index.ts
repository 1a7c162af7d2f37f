export { runGh } from './run-gh.ts';
