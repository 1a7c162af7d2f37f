/** The least that a Node program does to run another in its place: `node bare-spawn.mjs FILE ARGS...` */
import { spawn } from 'node:child_process';

const [, , file = '', ...args] = process.argv;
spawn(file, args, { stdio: 'inherit' }).on('exit', (code) => {
  process.exitCode = code ?? 1;
});
