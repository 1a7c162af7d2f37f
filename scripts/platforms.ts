import { CASES as ARM64 } from '../test/arm64/cases.ts';
import { MACOS_CASES } from '../test/arm64/macos-cases.ts';
import { CASES as WINDOWS } from '../test/windows/cases.ts';

const list = (cases: Readonly<Record<string, unknown>>) =>
  Object.keys(cases)
    .map((title) => `- ${title}`)
    .join('\n');

const SECTIONS: Readonly<Record<string, string>> = {
  windows: list(WINDOWS),
  arm64: list(ARM64),
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
