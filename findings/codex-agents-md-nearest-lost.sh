#!/usr/bin/env bash
# Codex 0.171.0: a long AGENTS.md at the top of a repository pushes out the one beside the code.
# The files from the repository's root down to the working directory share one budget (32,768 bytes), and it is
# spent from the root on. The nearest file, which is the most specific and speaks last, is therefore the first to
# go: whole, and without regard to how short it is. `codex exec` says so in a notice; `codex debug prompt-input`,
# which prints what the model would see, prints the cut text and no notice, with exit status 0.
# Who pins a version for a monorepo should measure the root's file, or raise `project_doc_max_bytes`.
#
# Seen (Linux x64), with 40,000 bytes at the root and 13 in packages/app, run there:
#   default: root begins
#   project_doc_max_bytes=65536: root begins, root ends, app
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm pack --silent @openai/codex@0.171.0-linux-x64 > /dev/null
tar xzf openai-codex-0.171.0-linux-x64.tgz
codex=$dir/package/vendor/x86_64-unknown-linux-musl/bin/codex
mkdir -p home repository/packages/app
export CODEX_HOME=$dir/home
printf '[features]\nplugins = false\n' > home/config.toml
cd repository
git init --quiet .
{ echo ROOT-BEGINS; head -c 40000 /dev/zero | tr '\0' x; echo; echo ROOT-ENDS; } > AGENTS.md
echo APP-RULE-ONE > packages/app/AGENTS.md
cd packages/app

seen_by_model() {
  "$codex" "$@" debug prompt-input hello 2> /dev/null | grep -oE 'ROOT-BEGINS|ROOT-ENDS|APP-RULE-ONE' | xargs
}
{
  echo "default: $(seen_by_model)"
  echo "65536: $(seen_by_model -c project_doc_max_bytes=65536)"
} | tee "$dir/seen"
diff "$dir/seen" - <<'SEEN'
default: ROOT-BEGINS
65536: ROOT-BEGINS ROOT-ENDS APP-RULE-ONE
SEEN
