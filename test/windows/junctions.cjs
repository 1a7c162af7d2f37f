// Preloaded into node.exe under Wine 8, which makes no junctions: links of Linux stand in for them,
// and behave to the program as NTFS has them. A junction's target is absolute and ends in a
// backslash, a rename replaces neither a junction nor a directory, lstat says "link", and a recursive
// removal never walks through one. With RIG_NO_JUNCTIONS the file system has none, as exFAT.
// RIG_KILL_AT ends the process before its nth rename. RIG_BLOCKED_MS lets every rename and removal
// fail for that long, as an antivirus does. RIG_NO_REALPATH lets native realpath fail, as on RAM disks.
// RIG_UNSET takes variables out of the environment. Without RIG_ADDON, on a machine with Windows, its
// own junctions are used, and only what the other variables ask for is different.
const fs = require('node:fs');
const path = require('node:path');
const { syncBuiltinESMExports } = require('node:module');

const linux = process.env.RIG_ADDON ? require(process.env.RIG_ADDON) : undefined;
const DRIVE_C = process.env.RIG_DRIVE_C;
const NUMBERS = {
  1: 'EPERM',
  2: 'ENOENT',
  13: 'EACCES',
  17: 'EEXIST',
  20: 'ENOTDIR',
  22: 'EINVAL',
};

const real = {};
for (const name of [
  'lstatSync',
  'readlinkSync',
  'renameSync',
  'rmdirSync',
  'symlinkSync',
  'unlinkSync',
]) {
  real[name] = fs[name];
}
let renames = 0;
for (const name of (process.env.RIG_UNSET ?? '').split(',')) delete process.env[name];

function linuxPath(file) {
  const full = path.resolve(String(file)).replace(/^\\\\\?\\/, '');
  const rest = full.slice(2).replaceAll('\\', '/');
  if (/^z:/i.test(full)) return rest;
  if (/^c:/i.test(full)) return DRIVE_C + rest;
  throw refusal('EINVAL', 'path', file);
}

function refusal(code, syscall, file) {
  return Object.assign(new Error(`${code}: ${syscall} '${file}'`), {
    code,
    errno: -1,
    syscall,
    path: String(file),
  });
}

function linkText(file) {
  if (linux === undefined) return undefined;
  const text = linux.readlink(linuxPath(file));
  return typeof text === 'string' ? text : undefined;
}

const firstTries = new Map();

function verifyUnblocked(syscall, file) {
  const blockedMs = Number(process.env.RIG_BLOCKED_MS ?? 0);
  if (blockedMs === 0) return;
  const key = `${syscall} ${file}`;
  if (!firstTries.has(key)) firstTries.set(key, performance.now());
  if (performance.now() - firstTries.get(key) < blockedMs) throw refusal('EBUSY', syscall, file);
}

function done(answer, syscall, file) {
  if (answer < 0) throw refusal(NUMBERS[-answer] ?? 'EIO', syscall, file);
}

const own = {
  symlinkSync(target, file, type) {
    if (process.env.RIG_NO_JUNCTIONS) throw refusal('ENOTSUP', 'symlink', file);
    if (linux === undefined) return real.symlinkSync(target, file, type);
    if (type !== 'junction') throw refusal('EPERM', 'symlink', file);
    done(
      linux.symlink(
        linuxPath(path.resolve(path.dirname(String(file)), String(target))),
        linuxPath(file),
      ),
      'symlink',
      file,
    );
  },
  readlinkSync(file, options) {
    if (linux === undefined) return real.readlinkSync(file, options);
    const text = linkText(file);
    if (text === undefined) {
      real.lstatSync(file);
      throw refusal('EINVAL', 'readlink', file);
    }
    const shown = text.startsWith(`${DRIVE_C}/`) ? `C:${text.slice(DRIVE_C.length)}` : `Z:${text}`;
    return `${shown.replaceAll('/', '\\')}\\`;
  },
  lstatSync(file, options) {
    if (linkText(file) === undefined) return real.lstatSync(file, options);
    // A link's own times cannot be had: those of the directory that it lies in have to do.
    const stats = real.lstatSync(path.dirname(path.resolve(String(file))), options);
    return Object.assign(stats, {
      mode: typeof stats.mode === 'bigint' ? 0o120666n : 0o120666,
      isSymbolicLink: () => true,
      isDirectory: () => false,
      isFile: () => false,
    });
  },
  renameSync(from, to) {
    renames += 1;
    if (renames === Number(process.env.RIG_KILL_AT)) process.kill(process.pid, 'SIGKILL');
    verifyUnblocked('rename', from);
    if (linux === undefined) return real.renameSync(from, to);
    const moved = own.lstatSync(from);
    let there;
    try {
      there = own.lstatSync(to);
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    }
    if (there !== undefined && !(there.isFile() && moved.isFile()))
      throw refusal('EPERM', 'rename', from);
    if (moved.isSymbolicLink())
      return done(linux.rename(linuxPath(from), linuxPath(to)), 'rename', from);
    return real.renameSync(from, to);
  },
  unlinkSync(file) {
    if (linkText(file) === undefined) return real.unlinkSync(file);
    done(linux.unlink(linuxPath(file)), 'unlink', file);
  },
  rmdirSync(file, options) {
    if (linkText(file) === undefined) return real.rmdirSync(file, options);
    done(linux.unlink(linuxPath(file)), 'rmdir', file);
  },
  rmSync(file, { force = false, recursive = false } = {}) {
    let stats;
    try {
      stats = own.lstatSync(file);
    } catch (error) {
      if (force && error.code === 'ENOENT') return;
      throw error;
    }
    verifyUnblocked('rm', file);
    if (!stats.isDirectory()) return own.unlinkSync(file);
    if (!recursive) throw refusal('ERR_FS_EISDIR', 'rm', file);
    removeLinks(file);
    for (const name of fs.readdirSync(file))
      own.rmSync(path.join(String(file), name), { force, recursive });
    return own.rmdirSync(file);
  },
};

// Wine lists no link that leads nowhere, and then the directory that holds it cannot be removed: the
// links of a tree go before what they lead to.
function removeLinks(dir) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const inside = path.join(String(dir), entry.name);
    if (entry.isSymbolicLink()) own.unlinkSync(inside);
    else if (entry.isDirectory()) removeLinks(inside);
  }
}

for (const [name, sync] of Object.entries(own)) {
  const plain = name.slice(0, -'Sync'.length);
  fs[name] = sync;
  fs[plain] = (...args) => {
    const callback = args.pop();
    let result;
    try {
      result = sync(...args);
    } catch (error) {
      return void process.nextTick(callback, error);
    }
    process.nextTick(callback, null, result);
  };
  fs.promises[plain] = async (...args) => sync(...args);
}
const { readdirSync } = fs;
const promised = fs.promises.readdir;
const withLinks = (entries, dir) => {
  for (const entry of entries) {
    if (typeof entry !== 'object' || !('isSymbolicLink' in entry)) continue;
    if (
      linkText(path.join(String(entry.parentPath ?? entry.path ?? dir), entry.name)) === undefined
    )
      continue;
    Object.assign(entry, {
      isSymbolicLink: () => true,
      isDirectory: () => false,
      isFile: () => false,
    });
  }
  return entries;
};
fs.readdirSync = (dir, options) => withLinks(readdirSync(dir, options), dir);
fs.promises.readdir = async (dir, options) => withLinks(await promised(dir, options), dir);
if (process.env.RIG_NO_REALPATH) {
  fs.promises.realpath = async (file) => {
    throw refusal('EISDIR', 'realpath', file);
  };
  fs.realpath.native = (file, ...rest) =>
    void process.nextTick(rest.at(-1), refusal('EISDIR', 'realpath', file));
  fs.realpathSync.native = (file) => {
    throw refusal('EISDIR', 'realpath', file);
  };
}
syncBuiltinESMExports();
