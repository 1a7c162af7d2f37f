#!/usr/bin/env bash
# tar 7.5.23 (node-tar) and archives that GNU tar wrote with --sparse: no error, and another tree.
# GNU tar stores a file with holes, such as a padded executable, in one of two ways. node-tar knows neither and
# succeeds with both, with strict: true as well, which elsewhere turns every warning into an error:
#   --format=gnu    (the default): the file is left out
#   --format=posix: it comes out as GNUSparseFile.PID/NAME, and holds the list of its parts before its data
# Python's tarfile gives the file itself. Who packs a build with -S, or takes a tarball of others,
# has to compare the tree with what is expected; "extracted without an error" does not say it.
#
# Seen (Node 20.20.2, GNU tar 1.34):
#   gnu: node-tar: (nothing) | tarfile: program 2097152
#   posix: node-tar: GNUSparseFile.N/program 8704 | tarfile: program 2097152
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts tar@7.5.23
truncate -s 2M program
printf begin | dd of=program conv=notrunc status=none
printf end | dd of=program bs=1 seek=1500000 conv=notrunc status=none

cat > tree.mjs <<'JS'
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from 'tar';
const [file, cwd] = process.argv.slice(2);
mkdirSync(cwd);
await extract({ file, cwd, strict: true });
const files = readdirSync(cwd, { recursive: true }).filter((name) => statSync(join(cwd, name)).isFile());
const told = files.map((name) => `${name.replace(/\.\d+\//, '.N/')} ${statSync(join(cwd, name)).size}`);
console.log(told.join(' ') || '(nothing)');
JS
for format in gnu posix; do
  tar --create --sparse --format="$format" --file="$format.tar" program
  tarfile=$(python3 -c 'import sys, tarfile
for member in tarfile.open(sys.argv[1]): print(member.name, member.size)' "$format.tar")
  echo "$format: node-tar: $(node tree.mjs "$format.tar" "out-$format") | tarfile: $tarfile"
done | tee seen
diff <(sed -E 's/ [0-9]+ \|/ SIZE |/' seen) - <<'SEEN'
gnu: node-tar: (nothing) | tarfile: program 2097152
posix: node-tar: GNUSparseFile.N/program SIZE | tarfile: program 2097152
SEEN
