#!/usr/bin/env node

// npm links commands to files of the package that names them, and the executable lies in another
// one, by platform. So the first start comes through here; it then points the link at the
// executable, and later starts have no Node in between.
const { spawn } = require('node:child_process');
const { lstatSync, realpathSync, renameSync, rmSync, symlinkSync } = require('node:fs');
const { dirname, relative } = require('node:path');
const { codexPath } = require('./index.js');

const executable = findExecutable();
pointLinkAt(executable);
run(executable, process.argv.slice(2));

/** Whoever types `codex` needs the sentence, and no stack of this file. */
function findExecutable() {
  try {
    return codexPath();
  } catch (error) {
    console.error(`codex: ${error.message}`);
    process.exit(1);
  }
}

/** Only a link that leads to this very file is replaced, and it is there at every moment. */
function pointLinkAt(target) {
  const link = process.argv[1];
  const staged = `${link}.${process.pid}`;
  try {
    if (!lstatSync(link).isSymbolicLink() || realpathSync(link) !== __filename) return;
    symlinkSync(relative(realpathSync(dirname(link)), target), staged);
    renameSync(staged, link);
  } catch {
    // A directory of somebody else's, or a read-only one: the next start comes through here too.
    rmSync(staged, { force: true });
  }
}

function run(file, args) {
  const child = spawn(file, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends its interrupt to the child as well.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`${file} could not be started: ${error.message}`);
    process.exit(126);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
