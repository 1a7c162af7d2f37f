#!/usr/bin/env bash
# Codex 0.142.0 and 0.171.0: the key of `-c KEY=VALUE` is not a TOML key.
# The help calls it a dotted path, the value is parsed as TOML, and the server's own `config/value/write` takes
# TOML's quoted keys in its path. In -c the quotes become part of the name, and a dot inside them still separates:
#   -c 'mcp_servers."docs".command=…'  makes a server named `"docs"`, with the quotes, and exit status 0
#   -c 'mcp_servers."a.b".command=…'   is refused
# Names that need quotes (a provider or server with a dot, `projects."/srv/app-1.2"`) can only be set as a whole
# table, whose text is TOML: -c 'mcp_servers={"a.b"={command="true"}}'. A program that turns a config object into
# -c flags must not quote keys: the override is then kept under another name, and nothing says so.
#
# Seen (Linux x64), both versions:
#   quoted: "docs"          (that is, six characters)
#   quoted with a dot: refused
#   table: a.b
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir home
export CODEX_HOME=$dir/home

names() {
  "$codex" -c "$1" mcp list --json 2> /dev/null |
    node -p "JSON.parse(require('fs').readFileSync(0, 'utf8')).map(({ name }) => name).join(' ')"
}
for version in 0.142.0 0.171.0; do
  npm pack --silent "@openai/codex@$version-linux-x64" > /dev/null
  mkdir "$version"
  tar xzf "openai-codex-$version-linux-x64.tgz" -C "$version"
  codex=$(echo "$version"/package/vendor/*/bin/codex)
  echo "$version"
  echo "quoted: $(names 'mcp_servers."docs".command="true"')"
  echo "quoted with a dot: $(names 'mcp_servers."a.b".command="true"' 2> /dev/null || echo refused)"
  echo "table: $(names 'mcp_servers={"a.b"={command="true"}}')"
done | tee seen
diff seen - <<'SEEN'
0.142.0
quoted: "docs"
quoted with a dot: refused
table: a.b
0.171.0
quoted: "docs"
quoted with a dot: refused
table: a.b
SEEN
