#!/usr/bin/env bash
# bun 1.4.5 takes each name in minimumReleaseAgeExcludes by its letters: a pattern exempts nothing,
# and nothing is said about it. npm 12.2.2 and pnpm 12.21.0 take the same pattern as one.
#
# An age of a hundred years stands for a policy that everything is too young for. is-odd@3.0.1 depends
# on is-number, and "is-*" names both. Seen:
#   npm 12.2.2, min-release-age-exclude[]=is-*         is-odd is installed
#   pnpm 12.21.0, minimumReleaseAgeExclude: ["is-*"]   is-odd is installed
#   bun 1.4.5, minimumReleaseAgeExcludes = ["is-*"]  error: No version matching "3.0.1" found for
#       specifier "is-odd" (blocked by minimum-release-age: 3153600000 seconds)
#   bun 1.4.5, with ["is-odd", "is-number"]            is-odd is installed
# So a list of exemptions that is carried over from another manager blocks an installation.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
case $(uname -sm) in
  'Linux x86_64') bun=@oven/bun-linux-x64 ;;
  'Linux aarch64') bun=@oven/bun-linux-aarch64 ;;
  'Darwin arm64') bun=@oven/bun-darwin-aarch64 ;;
  *) echo "no build of bun is named here for $(uname -sm)"; exit 1 ;;
esac
mkdir "$dir/tools"
cd "$dir/tools"
echo '{"private":true}' >package.json
npm install "$bun@1.4.5" npm@12.2.2 pnpm@12.21.0 --ignore-scripts --no-audit --no-fund >/dev/null 2>&1
registry=$(npm config get registry)

# project NAME: an empty one, entered.
project() {
  mkdir "$dir/$1"
  cd "$dir/$1"
  echo '{"private":true}' >package.json
}
installed() { [ -e node_modules/is-odd/package.json ]; }

project npm
printf 'registry=%s\nmin-release-age=36500\nmin-release-age-exclude[]=is-*\n' "$registry" >.npmrc
node "$dir/tools/node_modules/npm/bin/npm-cli.js" install is-odd@3.0.1 --no-audit --no-fund --cache "$dir/cache" >out 2>&1
installed || { echo 'npm no longer takes the pattern'; cat out; exit 1; }

project pnpm
printf 'registry=%s\n' "$registry" >.npmrc
printf 'packages: ["."]\nminimumReleaseAge: 52560000\nminimumReleaseAgeExclude: ["is-*"]\n' >pnpm-workspace.yaml
"$dir/tools/node_modules/pnpm/pnpm" add is-odd@3.0.1 --store-dir "$dir/store" >out 2>&1
installed || { echo 'pnpm no longer takes the pattern'; cat out; exit 1; }

# bun_with EXCLUDES: what bun ends with.
bun_with() {
  printf '[install]\nregistry = "%s"\nminimumReleaseAge = 3153600000\nminimumReleaseAgeExcludes = %s\n' "$registry" "$1" >bunfig.toml
  BUN_INSTALL_CACHE_DIR="$dir/bun-cache" "$dir/tools/node_modules/$bun/bin/bun" add is-odd@3.0.1 >out 2>&1
}
project bun-pattern
if bun_with '["is-*"]' || installed; then echo 'bun takes the pattern now'; cat out; exit 1; fi
grep -q 'blocked by minimum-release-age' out || { echo 'bun fails for another reason'; cat out; exit 1; }
project bun-names
bun_with '["is-odd", "is-number"]' && installed || { echo 'bun no longer takes the names'; cat out; exit 1; }
echo 'as described'
