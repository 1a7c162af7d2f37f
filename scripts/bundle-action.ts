/** Writes the program of the action; a test says when it is not what the sources make. */
import { writeFile } from 'node:fs/promises';
import { ACTION_FILE, compileAction } from './compile-action.ts';

await writeFile(ACTION_FILE, await compileAction());
