// CommonJS with plain `exports.x =` lines: `require` works on every Node, and `import { codexPath }`
// too, because Node finds these names without running the file.
const { existsSync, realpathSync } = require('node:fs');
const { join } = require('node:path');

const root = stableRoot();
const executable = join(root, ...'{{entrypoint}}'.split('/'));
const searchPath = join(root, 'codex-path');

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

/**
 * Where the package is found under its name. Node says where it really lies, which may be a build
 * that the next upgrade removes: `.NAME/BUILD/NAME` beside the link to it, in node_modules or beside.
 */
function stableRoot() {
  const name = '{{name}}';
  const above = name.split('/').flatMap(() => ['..', '..']);
  const place = join(__dirname, '..', ...above);
  for (const modules of [place, join(place, 'node_modules')]) {
    const link = join(modules, ...name.split('/'));
    try {
      if (realpathSync(link) === __dirname) return link;
    } catch {
      // There is no such link.
    }
  }
  return __dirname;
}
