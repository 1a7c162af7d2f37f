#!/bin/sh
# Takes /opt/codex, and nothing else, out of an image in a registry. Each document and each layer is
# held to its digest before anything of it is unpacked.
set -eu

fail() {
  echo "codex: $*" >&2
  exit 1
}

case $(uname -m) in
  x86_64 | amd64) architecture=amd64 ;;
  aarch64 | arm64) architecture=arm64 ;;
  *) fail "there is no image for $(uname -m)." ;;
esac
digest=${DIGEST:-}
[ -n "${IMAGE:-}" ] || fail "the option image is empty: name the registry and the repository."
[ -n "$digest" ] || fail "the option digest is empty: it says which Codex is meant."
case $digest in sha256:*) ;; *) fail "the option digest is not one like sha256:…" ;; esac

command -v tar >/dev/null || fail "tar is missing in this container."
command -v sha256sum >/dev/null || fail "sha256sum is missing in this container."

host=${IMAGE%%/*}
case $host in
  localhost:* | 127.0.0.1:*) origin=http://$host ;;
  *) origin=https://$host ;;
esac
base=$origin/v2/${IMAGE#*/}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# bring KIND DIGEST FILE
bring() {
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 -H "Accept: $types" -o "$3" "$base/$1/$2" || fail "$base/$1/$2 cannot be had."
  elif command -v wget >/dev/null; then
    wget -q --header "Accept: $types" -O "$3" "$base/$1/$2" || fail "$base/$1/$2 cannot be had."
  else
    fail "curl and wget are missing in this container."
  fi
  echo "${2#sha256:}  $3" | sha256sum -c - >/dev/null 2>&1 || fail "$base/$1/$2 are not the bytes of its digest."
}

# The digests in the JSON on stdin.
digests() {
  grep -o '"digest":"sha256:[0-9a-f]*"' | sed 's/.*"\(sha256:.*\)"/\1/'
}

types=application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json
bring manifests "$digest" "$work/index"
if grep -q '"manifests"' "$work/index"; then
  image=$(tr -d ' \n' <"$work/index" | sed 's/}},{/}}\n{/g' | grep "\"architecture\":\"$architecture\"" | digests | head -n 1)
  [ -n "$image" ] || fail "$IMAGE@$digest has no image for $architecture."
  bring manifests "$image" "$work/manifest"
else
  mv "$work/index" "$work/manifest"
fi
layers=$(tr -d ' \n' <"$work/manifest" | sed 's/.*"layers":\[//; s/\].*//')
case $layers in
  *+zstd*) fail "this image is packed with zstd: pack it with --compression gzip." ;;
esac
found=$(echo "$layers" | digests)
[ -n "$found" ] || fail "$IMAGE@$digest is not an image."

root=${CODEX_FEATURE_ROOT:-}
mkdir "$work/tree"
for layer in $found; do
  bring blobs "$layer" "$work/layer"
  # Of a base image only what lies in /opt/codex is taken, and that is in none of its layers.
  tar -xzf "$work/layer" -C "$work/tree" opt/codex 2>/dev/null || true
  rm "$work/layer"
done
[ -x "$work/tree/opt/codex/bin/codex" ] || fail "$IMAGE@$digest holds no Codex."
mkdir -p "$root/opt"
rm -rf "$root/opt/codex"
cp -R "$work/tree/opt/codex" "$root/opt/codex"
chmod -R a+rX "$root/opt/codex"
"$root/opt/codex/bin/codex" --version
