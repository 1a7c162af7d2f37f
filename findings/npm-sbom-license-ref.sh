#!/usr/bin/env bash
# npm 11.19.1, `npm sbom --sbom-format cyclonedx`: a licence that is only a LicenseRef makes an invalid document.
# LicenseRef-NAME is how SPDX spells a licence outside of its list, and a valid value of package.json's `license`.
# Alone, npm writes it as `license.id`, which CycloneDX allows for listed ids only: the document fails CycloneDX's
# own schema. In an expression with another licence it is written as `expression`, and the document is valid. The
# "SEE LICENSE IN FILE" that npm itself recommends for such licences leaves no licence in the document at all.
# So a package that ships a vendor's binaries gets a document that other tools accept with an expression, not with the
# plain name. npm 12.2.2 does as npm 11.
#
# Seen (Node 20.20.2, CycloneDX library 10.3.0, the document is CycloneDX 1.5):
#   LicenseRef-Vendor: [{"license":{"id":"LicenseRef-Vendor"}}] invalid: /components/0/licenses/0/license/id
#   MIT AND LicenseRef-Vendor: [{"expression":"MIT AND LicenseRef-Vendor"}] valid
#   SEE LICENSE IN LICENSE: none valid
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir tools project
echo '{"private":true}' > tools/package.json
npm install --prefix tools --silent --no-audit --no-fund --ignore-scripts \
  npm@11.19.1 @cyclonedx/cyclonedx-library@10.3.0 ajv@8.17.1 ajv-formats@3.0.1 ajv-formats-draft2019@1.6.1

cat > tools/check.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { Validation } from '@cyclonedx/cyclonedx-library';
const text = readFileSync('bom.json', 'utf8');
const { specVersion, components } = JSON.parse(text);
const fault = await new Validation.JsonStrictValidator(specVersion).validate(text);
const wrong = [fault ?? []].flat().find(({ keyword }) => keyword === 'enum');
const verdict = fault === null ? 'valid' : `invalid: ${wrong.instancePath}`;
console.log(`${process.argv[2]}: ${JSON.stringify(components[0].licenses) ?? 'none'} ${verdict}`);
JS
cd project
for license in LicenseRef-Vendor 'MIT AND LicenseRef-Vendor' 'SEE LICENSE IN LICENSE'; do
  rm -rf ./*
  mkdir part
  printf '{"name":"part","version":"1.0.0","license":"%s"}' "$license" > part/package.json
  echo '{"name":"whole","version":"1.0.0","dependencies":{"part":"file:./part"}}' > package.json
  npm=../tools/node_modules/npm/bin/npm-cli.js
  node $npm install --install-links --silent --no-audit --no-fund
  node $npm sbom --sbom-format cyclonedx --silent > bom.json
  node ../tools/check.mjs "$license"
done | tee ../seen
diff ../seen - <<'SEEN'
LicenseRef-Vendor: [{"license":{"id":"LicenseRef-Vendor"}}] invalid: /components/0/licenses/0/license/id
MIT AND LicenseRef-Vendor: [{"expression":"MIT AND LicenseRef-Vendor"}] valid
SEE LICENSE IN LICENSE: none valid
SEEN
