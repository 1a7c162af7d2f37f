import { describe, expect, it } from 'vitest';
import { answerIntl } from '../../src/code-mode/intl.ts';
import { testEngine } from '../support/script-engine.ts';

/** What a script gets for an expression, as JSON; the same expression is asked of this Node. */
async function inScript(expression: string): Promise<unknown> {
  using test = await testEngine();
  const state = test.run(`text(JSON.stringify([${expression}]))`);
  expect(state).toEqual({ kind: 'completed' });
  return JSON.parse(test.texts()[0] ?? '');
}

const inNode = (expression: string): unknown =>
  JSON.parse(JSON.stringify([Function(`return ${expression}`)()]));

describe('Intl in a script', () => {
  it.each([
    'new Intl.NumberFormat("de-DE", { style: "currency", currency: "EUR" }).format(-1234567.891)',
    '[1, 2.5, 1e21, -0, NaN, Infinity, 12345678901234567890n].map(new Intl.NumberFormat("fr").format)',
    'Intl.NumberFormat("en", { notation: "compact" }).formatToParts(12345)',
    'new Intl.NumberFormat("en").formatRange(3, 5)',
    'new Intl.NumberFormat(["xx", "ja-JP"], { style: "unit", unit: "liter" }).resolvedOptions().locale',
    'new Intl.DateTimeFormat("ja-JP", { dateStyle: "full", timeZone: "Asia/Tokyo" }).format(new Date(0))',
    'new Intl.DateTimeFormat("en-GB", { hour: "numeric", timeZone: "Europe/Oslo" }).formatToParts(1e12)',
    'new Intl.DateTimeFormat("en", { month: "long", timeZone: "UTC" }).formatRange(0, new Date(1e10))',
    'new Intl.DateTimeFormat("ar-EG", { timeZone: "UTC" }).format(0)',
    '["z", "ä", "a"].sort(new Intl.Collator("sv").compare)',
    '["10", "9", "1"].sort(Intl.Collator("en", { numeric: true }).compare)',
    '[0, 1, 2, 5].map((n) => new Intl.PluralRules("pl").select(n))',
    'new Intl.PluralRules("en", { type: "ordinal" }).select(22)',
    'new Intl.ListFormat("de", { type: "disjunction" }).format(new Set(["a", "b", "c"]))',
    'new Intl.RelativeTimeFormat("es", { numeric: "auto" }).format(-1, "day")',
    'new Intl.DisplayNames("fr", { type: "region" }).of("US")',
    'new Intl.DisplayNames("fr", { type: "region", fallback: "none" }).of("ZZ") ?? "none"',
    '[...new Intl.Segmenter("ja", { granularity: "word" }).segment("日本語 text")]',
    'new Intl.Segmenter("en").segment("a👩‍👩‍👧b").containing(3)',
    '(({ language, region, baseName }) => [language, region, baseName])(new Intl.Locale("de-Latn-AT-u-nu-latn"))',
    'String(new Intl.Locale("en", { region: "GB" }).maximize())',
    'new Intl.NumberFormat(new Intl.Locale("de")).format(1.5)',
    'Intl.getCanonicalLocales(["EN-us", "De"])',
    'Intl.NumberFormat.supportedLocalesOf(["de", "zz"])',
    'Intl.supportedValuesOf("unit")',
    'Object.prototype.toString.call(Intl) + Object.prototype.toString.call(new Intl.Collator())',
    '(1234.5).toLocaleString("de-DE") + 12345n.toLocaleString("en-IN")',
    'new Date(0).toLocaleDateString("de", { weekday: "long", timeZone: "UTC" })',
    'new Date(0).toLocaleTimeString("en-GB", { timeZone: "Asia/Kolkata" })',
    '"i".toLocaleUpperCase("tr") + "I".toLocaleLowerCase("tr")',
    '["é", "z", "e"].sort((a, b) => a.localeCompare(b, "fr"))',
  ])('answers as V8 does: %s', async (expression) => {
    expect(await inScript(expression)).toEqual(inNode(expression));
  });

  it('takes en-US and UTC where nothing is said, as Date does', async () => {
    const asked = `[Intl.DateTimeFormat().resolvedOptions().timeZone, Intl.NumberFormat().resolvedOptions().locale,
      new Date(0).toLocaleString().replace(/\\s/g, " "), new Date(2020, 6, 1).getTimezoneOffset(), (1e6).toLocaleString()]`;
    expect(await inScript(asked)).toEqual([
      ['UTC', 'en-US', '1/1/1970, 12:00:00 AM', 0, '1,000,000'],
    ]);
  });

  it.each([
    ['an invalid locale', 'new Intl.NumberFormat("no such")', 'RangeError'],
    [
      'an invalid time zone',
      'new Date(0).toLocaleString("en", { timeZone: "Mars/Base" })',
      'RangeError',
    ],
    ['an invalid date', 'new Intl.DateTimeFormat().format(NaN)', 'RangeError'],
    [
      'a currency that is missing',
      'new Intl.NumberFormat("en", { style: "currency" })',
      'TypeError',
    ],
    ['another this', 'Intl.PluralRules.prototype.select.call({}, 1)', 'TypeError'],
    ['a call without new', 'Intl.Segmenter("en")', 'TypeError'],
    ['a text that is too long', 'new Intl.Collator().compare("x".repeat(1e5), "")', 'RangeError'],
    [
      'too long a text for a segmenter',
      'new Intl.Segmenter().segment("x".repeat(5_001))',
      'RangeError',
    ],
  ])('throws the script’s own error for %s', async (_, source, name) => {
    using test = await testEngine();
    const state = test.run(`try { ${source}; text("no") } catch (error) {
      text([error.name, error instanceof Error, Object.getPrototypeOf(error) === ${name}.prototype, error.stack.includes("intl")]) }`);
    expect(state).toEqual({ kind: 'completed' });
    expect(test.texts()).toEqual([`["${name}",true,true,false]`]);
  });

  it('goes on from a snapshot', async () => {
    using test = await testEngine();
    test.run(
      'const euro = new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }), { format } = euro; await tools.lookup(); text(format(1) + euro.format(2))',
    );
    using restored = await testEngine({}, test.engine.snapshot());
    restored.engine.deliver('[{"t":"resume"},{"t":"answer","id":1,"value":1}]');
    expect(restored.texts()).toEqual(['1,00\u00a0€2,00\u00a0€']);
  });
});

describe('answerIntl', () => {
  it.each([
    ['no JSON', '{'],
    ['no object', 'null'],
    ['an unknown kind', '{"kind":"constructor","call":"format"}'],
    ['a method of Object', '{"kind":"NumberFormat","call":"constructor"}'],
    ['a method that is not listed', '{"kind":"NumberFormat","call":"toString"}'],
    ['values that are not a list', '{"kind":"NumberFormat","call":"format","values":{}}'],
    ['locales of another type', '{"kind":"NumberFormat","call":"format","locales":[1]}'],
    ['another word of Intl', '{"kind":"Intl","call":"DateTimeFormat","values":["en"]}'],
  ])('refuses %s', (_, json) => {
    expect(JSON.parse(answerIntl(json))).toMatchObject({
      isRange: false,
      message: expect.any(String),
    });
  });
});
