#!/usr/bin/env node
// In JavaScript of 2015, so that an old Node gets as far as the sentence for it.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `error: codex-runtime needs Node 20.19 or newer; this is ${process.versions.node}.`,
  );
  process.exit(7);
}
try {
  require('../dist/chunks/start.js').main();
} catch (error) {
  const damaged = `This installation of codex-runtime is damaged (${error.message.split('\n')[0]}): install it again.`;
  console.error(`error: ${error.name === 'DamagedProgram' ? error.message : damaged}`);
  process.exit(1);
}
