/**
 * The host's `Intl` for scripts: their engine has none (see intl-prelude.ts). What comes in and goes
 * out is JSON; kinds and methods are those listed here, and the script gets no object of the host.
 */

/** Characters of one request: a formatter cannot be stopped once it works. */
const MAX_REQUEST = 50_000;
/** On Node 20 each segment carries a copy of the whole text: time and memory are the square of it. */
const MAX_SEGMENTED = 5_000;
const MAX_FORMATTERS = 64;

/** Where a script names none: what it writes does not depend on the machine. */
const LOCALE = 'en-US';
const TIME_ZONE = 'UTC';

type Options = Readonly<Record<string, unknown>> | undefined;

interface Request {
  readonly kind: string;
  readonly locales: string[];
  readonly options: Options;
  readonly call: string;
  readonly values: readonly unknown[];
}

interface Formats {
  new (locales: string[], options: Options): object;
  supportedLocalesOf(locales: string[], options: Options): string[];
}

const FORMAT = ['format', 'formatToParts', 'resolvedOptions'];
const RANGE = ['formatRange', 'formatRangeToParts'];

/** What a script can make, and the methods of it that it can call. */
const KINDS: ReadonlyMap<string, { readonly of: Formats; readonly methods: readonly string[] }> =
  new Map(
    Object.entries({
      Collator: { of: Intl.Collator, methods: ['compare', 'resolvedOptions'] },
      DateTimeFormat: { of: Intl.DateTimeFormat, methods: [...FORMAT, ...RANGE] },
      DisplayNames: { of: Intl.DisplayNames, methods: ['of', 'resolvedOptions'] },
      ListFormat: { of: Intl.ListFormat, methods: FORMAT },
      NumberFormat: { of: Intl.NumberFormat, methods: [...FORMAT, ...RANGE] },
      PluralRules: { of: Intl.PluralRules, methods: ['select', 'selectRange', 'resolvedOptions'] },
      RelativeTimeFormat: { of: Intl.RelativeTimeFormat, methods: FORMAT },
      Segmenter: { of: Intl.Segmenter, methods: ['segment', 'resolvedOptions'] },
    }).map(([name, { of, methods }]) => [name, { of: of as unknown as Formats, methods }]),
  );

/** By kind, locales and options; the oldest is let go for one more. */
const formatters = new Map<string, object>();

/** Answers one request of a script: `{"value": …}`, or `{"message": …, "isRange": …}`. Never throws. */
export function answerIntl(json: string): string {
  try {
    if (json.length > MAX_REQUEST) {
      throw new RangeError(`Intl takes at most ${MAX_REQUEST} characters at a time.`);
    }
    return JSON.stringify({ value: answer(parseRequest(json)) });
  } catch (error) {
    // Words of the language about the script's own arguments; anything else stays here.
    const isRange = error instanceof RangeError;
    const isShown = isRange || error instanceof TypeError;
    return JSON.stringify({ message: isShown ? error.message : 'Intl cannot do this.', isRange });
  }
}

function parseRequest(json: string): Request {
  const { kind, locales, options, call, values } = JSON.parse(json) as Record<string, unknown>;
  const isRequest =
    typeof kind === 'string' &&
    typeof call === 'string' &&
    (locales === null || locales === undefined || isTexts(locales)) &&
    (values === undefined || Array.isArray(values));
  if (!isRequest) throw new TypeError('Intl was given what it does not take.');
  return {
    kind,
    call,
    locales: locales ?? [LOCALE],
    options: options as Options,
    values: (values ?? []).map(fromWire),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Numbers that JSON has no word for come as `{number}` and `{bigint}`. */
function fromWire(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('bigint' in value) return BigInt(String(value.bigint));
  return 'number' in value ? Number(value.number) : value;
}

function answer({ kind, locales, options, call, values }: Request): unknown {
  if (kind === 'Intl') return ofIntl(call, locales, values);
  if (kind === 'Locale') return partsOf(new Intl.Locale(locales[0] ?? LOCALE, options));
  if (kind === 'Date')
    return ofDate(call, Number(values[0]), [locales, { timeZone: TIME_ZONE, ...options }]);
  if (kind === 'String') return ofString(call, String(values[0]), locales);
  const known = KINDS.get(kind);
  if (call === 'supportedLocalesOf' && known !== undefined) {
    return known.of.supportedLocalesOf(locales, options);
  }
  if (known?.methods.includes(call) !== true) throw new TypeError(`Intl.${kind} has no ${call}.`);
  if (call === 'segment') return segments(known.of, { locales, options, text: String(values[0]) });
  const formatter = formatterOf(known.of, { kind, locales, options });
  const method = Reflect.get(formatter, call) as (...values: readonly unknown[]) => unknown;
  return Reflect.apply(method, formatter, values);
}

function segments(
  Kind: Formats,
  { locales, options, text }: Pick<Request, 'locales' | 'options'> & { readonly text: string },
): object[] {
  if (text.length > MAX_SEGMENTED) {
    throw new RangeError(`A segmenter takes at most ${MAX_SEGMENTED} characters at a time.`);
  }
  const formatter = formatterOf(Kind, { kind: 'Segmenter', locales, options }) as Intl.Segmenter;
  const parts: object[] = [];
  for (const { segment, index, isWordLike } of formatter.segment(text)) {
    parts.push(isWordLike === undefined ? { segment, index } : { segment, index, isWordLike });
  }
  return parts;
}

function formatterOf(
  Kind: Formats,
  { kind, locales, options }: Pick<Request, 'kind' | 'locales' | 'options'>,
): object {
  const key = JSON.stringify([kind, locales, options]);
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    const more =
      kind === 'DateTimeFormat' && options !== null ? { timeZone: TIME_ZONE } : undefined;
    formatter = new Kind(locales, more === undefined ? options : { ...more, ...options });
    const [oldest] = formatters.keys();
    if (formatters.size >= MAX_FORMATTERS && oldest !== undefined) formatters.delete(oldest);
    formatters.set(key, formatter);
  }
  return formatter;
}

function ofIntl(call: string, locales: string[], [key]: readonly unknown[]): unknown {
  if (call === 'getCanonicalLocales') return Intl.getCanonicalLocales(locales);
  if (call !== 'supportedValuesOf') throw new TypeError(`Intl has no ${call}.`);
  return Intl.supportedValuesOf(key as Parameters<typeof Intl.supportedValuesOf>[0]);
}

function partsOf(locale: Intl.Locale): object {
  const { baseName, calendar, caseFirst, collation, hourCycle } = locale;
  const { language, numberingSystem, numeric, region, script } = locale;
  const text = locale.toString();
  const [maximized, minimized] = [String(locale.maximize()), String(locale.minimize())];
  const more = { numberingSystem, numeric, region, script, text, maximized, minimized };
  return { baseName, calendar, caseFirst, collation, hourCycle, language, ...more };
}

function ofDate(
  call: string,
  time: number,
  [locales, options]: [string[], Intl.DateTimeFormatOptions],
): string {
  const date = new Date(time);
  if (call === 'toLocaleString') return date.toLocaleString(locales, options);
  if (call === 'toLocaleDateString') return date.toLocaleDateString(locales, options);
  return date.toLocaleTimeString(locales, options);
}

function ofString(call: string, text: string, locales: string[]): string {
  return call === 'toLocaleUpperCase'
    ? text.toLocaleUpperCase(locales)
    : text.toLocaleLowerCase(locales);
}
