// CommonJS with plain `exports.x =` lines: `require` works on every Node, and `import { codexPath }`
// too, because Node finds these names without running the file.
const { codexTargets } = require('./package.json');

const os = process.platform === 'android' ? 'linux' : process.platform;
const build = `${os}-${process.arch}`;

function platformPackage() {
  if (exports.target === undefined) {
    throw new Error(`{{name}} {{version}} has no build for ${process.platform}/${process.arch}.`);
  }
  const name = `{{name}}-${build}`;
  try {
    return require(name);
  } catch (cause) {
    throw new Error(
      `${name} is not installed: optional dependencies were left out (--omit=optional), this is ` +
        'another platform than the one of the installation, or a minimum release age refused it. ' +
        `Exempt ${name} from the age too, and install {{name}} again without the old lockfile.`,
      { cause },
    );
  }
}

exports.version = '{{version}}';

exports.codexPath = function codexPath() {
  return platformPackage().codexPath();
};

exports.pathDir = function pathDir() {
  return platformPackage().pathDir();
};

exports.target = codexTargets[build];
