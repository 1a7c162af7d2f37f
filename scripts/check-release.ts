/** `tsx scripts/check-release.ts v0.1.0`: whether tag, package.json and CHANGELOG.md mean one version that can be published with provenance. */
import { readFile } from 'node:fs/promises';

const [tag = ''] = process.argv.slice(2);
const root = new URL('../', import.meta.url);
const { version, repository } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
const changelog = await readFile(new URL('CHANGELOG.md', root), 'utf8');

const problems = [
  ...(tag === `v${version}` ? [] : [`The tag is ${tag}, but package.json has ${version}.`]),
  ...(new RegExp(`^## ${version.replaceAll('.', '\\.')} \\(\\d{4}-\\d{2}-\\d{2}\\)$`, 'm').test(
    changelog,
  )
    ? []
    : [`CHANGELOG.md has no dated section "## ${version} (YYYY-MM-DD)".`]),
  ...(typeof (repository?.url ?? repository) === 'string'
    ? []
    : ['package.json has no "repository": npm holds the provenance of a package against it.']),
];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
