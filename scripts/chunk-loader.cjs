'use strict';
// The frame of dist/chunks/start.js, through which the files of dist/ load each other. An installation
// that is damaged, or mixed from two builds, says so in one sentence, whichever file shows it.
const BUILD = 'BUILD_ID';
const loaded = new Map();

function loadChunk(name) {
  if (!loaded.has(name)) loaded.set(name, runChunk(name));
  return loaded.get(name);
}

function runChunk(name) {
  const file = `${files[name] ?? name}.js`;
  try {
    if (!Object.hasOwn(chunks, name)) {
      const part = require(`./${file}`);
      if (part.build !== BUILD) throw new Error(`${file} is of another build`);
      if (!Object.hasOwn(files, name)) return part;
      Object.assign(chunks, part.chunks);
    }
    const module = { exports: {} };
    chunks[name](module);
    return module.exports;
  } catch (cause) {
    throw cause?.name === 'DamagedProgram' ? cause : damaged(file, cause);
  }
}

async function importChunk(name) {
  const exports = loadChunk(name);
  const names = Object.keys(exports).filter((key) => key !== 'build');
  if (names.join() !== 'default') return exports;
  // A CommonJS package is all default here; import() in Node knows its names too.
  return Object.create(exports.default, { default: { value: exports.default } });
}

function loadOnce(load) {
  let value;
  return () => (value ??= load());
}

function damaged(file, cause) {
  const message = `This installation of codex-runtime is damaged (${file} is missing, cut off or from another version): install it again.`;
  return Object.assign(new Error(message, { cause }), { name: 'DamagedProgram' });
}

module.exports = function loaderFor(build) {
  if (build !== BUILD) throw damaged('start.js');
  return { loadChunk, importChunk, loadOnce };
};
module.exports.main = () => loadChunk('cli.main').main();

// What follows in start.js: files, the file of each chunk that has none of its own, and chunks, with
// the modules that lie in start.js itself.
