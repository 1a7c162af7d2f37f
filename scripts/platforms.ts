import { readFileSync } from 'node:fs';
import { CASES as ARM64 } from '../test/arm64/cases.ts';
import { IMAGE_CASES } from '../test/arm64/image-cases.ts';
import { MACOS_CASES } from '../test/arm64/macos-cases.ts';
import { CASES as WINDOWS, WINE_CASES } from '../test/windows/cases.ts';

const list = (cases: Readonly<Record<string, unknown>>) =>
  Object.keys(cases)
    .map((title) => `- ${title}`)
    .join('\n');

/** How many of this project's tests pass on Windows, by the directory of test/ that they lie in. */
function suite(): string {
  const held = new URL('../test/windows/suite-passed.json', import.meta.url);
  const numbers = JSON.parse(readFileSync(held, 'utf8')) as Readonly<Record<string, number>>;
  const sum = Object.values(numbers).reduce((total, passed) => total + passed, 0);
  const each = Object.entries(numbers).map(([dir, passed]) => `\`${dir}\` ${passed}`);
  return `${sum} tests: ${each.join(', ')}.`;
}

const SECTIONS: Readonly<Record<string, string>> = {
  windows: list({ ...WINDOWS, ...WINE_CASES }),
  suite: suite(),
  arm64: list({ ...IMAGE_CASES, ...ARM64 }),
  macos: list(MACOS_CASES),
};

/** docs/platforms.md with the lists of cases as the tests have them. */
export function renderPlatforms(page: string): string {
  return Object.entries(SECTIONS).reduce(
    (text, [name, cases]) =>
      text.replace(
        new RegExp(`(<!-- cases ${name} -->\\n)[\\s\\S]*?(\\n<!-- end -->)`),
        (_, begin: string, end: string) => `${begin}\n${cases}\n${end}`,
      ),
    page,
  );
}
