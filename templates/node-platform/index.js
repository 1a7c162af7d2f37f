// CommonJS with plain `exports.x =` lines: `require` works on every Node, and `import { codexPath }`
// too, because Node finds these names without running the file.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const executable = join(__dirname, ...'{{entrypoint}}'.split('/'));
const searchPath = join(__dirname, 'codex-path');

exports.version = '{{version}}';
exports.target = '{{target}}';

exports.codexPath = function codexPath() {
  if (existsSync(executable)) return executable;
  throw new Error(
    `{{name}} {{version}} is incomplete: ${executable} is missing. Install it again.`,
  );
};

exports.pathDir = function pathDir() {
  return existsSync(searchPath) ? searchPath : null;
};
