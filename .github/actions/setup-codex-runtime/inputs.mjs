// The inputs of action.yml, checked and named as its user wrote them.
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

const { env } = process;

/** The value of an input; undefined where it is empty. A line break would become a second output. */
export function input(name) {
  const value = env[`INPUT_${name.toUpperCase().replaceAll('-', '_')}`]?.trim();
  if (value === undefined || value === '') return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is refused
  if (/[\u0000-\u001f\u007f]/.test(value)) {
    throw new Error(`The input "${name}" has a line break or another control character.`);
  }
  return value;
}

/** An input that is one of a few words. */
export function choice(name, words) {
  const value = input(name);
  if (value === undefined || words.includes(value)) return value;
  throw new Error(`The input "${name}" is "${value}". It takes ${words.join(', ')}.`);
}

/** The repository that is not upstream's. */
export function repository() {
  const value = input('repo');
  if (value === undefined || /^[\w.-]+\/[\w.-]+$/.test(value)) return value;
  throw new Error(`The input "repo" is "${value}". Write it as owner/name.`);
}

/** Where the lockfile is looked for, and what relative paths mean. */
export function workingDirectory() {
  const directory = resolve(workspace(), input('working-directory') ?? '.');
  if (existsSync(directory) && statSync(directory).isDirectory()) return directory;
  throw new Error(`The input "working-directory" names ${directory}, which is not a directory.`);
}

/** The lockfile that is named, itself or by its directory. */
export function namedLockfile(fileName) {
  const named = input('lockfile');
  if (named === undefined) return undefined;
  const path = resolve(workingDirectory(), named);
  if (!existsSync(path))
    throw new Error(`The input "lockfile" names ${path}, which does not exist.`);
  return statSync(path).isDirectory() ? resolve(path, fileName) : path;
}

export function workspace() {
  return env.GITHUB_WORKSPACE ?? process.cwd();
}

/** A variable that every runner sets. */
export function required(name) {
  const value = env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: this runs in GitHub Actions.`);
  return value;
}

/** What the command line says of its flags and variables, in words of the action. */
export function inTermsOfInputs({ code, message, hint }) {
  const words = [message, HINTS[code] ?? hint ?? ''].join(' ').trim();
  return words
    .replaceAll('The version argument', 'The input "version"')
    .replaceAll(/\bGH_TOKEN\b/g, 'the input "token"')
    .replaceAll(
      /(?<![\w-])--(lockfile|prefix|python|source|repo|variant|verify-signature)\b/g,
      'the input "$1"',
    );
}

const HINTS = {
  PIN_MISSING:
    'Set the input "version", or commit the codex-runtime.lock.json that "codex-runtime pin" writes; its place is the input "working-directory" or "lockfile".',
};
