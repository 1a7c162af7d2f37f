/**
 * `Intl` and the methods that go with it, which the engine lacks. A part of the prelude: it runs
 * inside of its function, and `ask` takes and gives plain text. A script's formatter is only a
 * description, told to the host with each call, so that a snapshot holds it whole.
 */
export const INTL_PRELUDE = `
  const NativeObject = Object, NativeNumber = Number;
  const states = new WeakMap();
  const stateOf = uncurry(WeakMap.prototype.get), putState = uncurry(WeakMap.prototype.set);
  const numberOf = uncurry(NativeNumber.prototype.valueOf), timeOf = uncurry(Date.prototype.getTime);
  const bigintOf = uncurry(BigInt.prototype.valueOf), iterate = uncurry(Array.prototype[Symbol.iterator]);

  function askIntl({ kind, locales, options }, call, values) {
    const answer = parse(ask(stringify({ __proto__: null, kind, locales, options, call, values })));
    if (answer.message === undefined) return answer.value;
    throw answer.isRange ? new NativeRangeError(answer.message) : new NativeTypeError(answer.message);
  }

  function wireLocales(locales) {
    if (locales === undefined) return null;
    const list = isArray(locales) ? locales : [locales], names = [];
    for (let i = 0; i < list.length; i++) {
      const isObject = typeof list[i] === 'object' && list[i] !== null;
      if (typeof list[i] !== 'string' && !isObject) throw new NativeTypeError('A locale is a string.');
      push(names, NativeString(list[i]));
    }
    return names;
  }

  function wireNumber(value) {
    if (typeof value === 'bigint') return { __proto__: null, bigint: NativeString(value) };
    const number = NativeNumber(value);
    // JSON has no word for the others.
    if (number - number === 0 && !(number === 0 && 1 / number < 0)) return number;
    return { __proto__: null, number: number === 0 ? '-0' : NativeString(number) };
  }

  function wireList(iterable) {
    const list = [];
    for (const item of iterable) {
      if (typeof item !== 'string') throw new NativeTypeError('A list holds strings.');
      push(list, item);
    }
    return list;
  }

  const number = (value) => [wireNumber(value)];
  const numbers = (from, to) => [wireNumber(from), wireNumber(to)];
  const time = (value) => [wireNumber(value === undefined ? now() : value)];
  const list = (items) => [wireList(items)];
  const amount = (value, unit) => [wireNumber(value), NativeString(unit)];
  /** For each kind its methods, and how their arguments become JSON. */
  const KINDS = {
    Collator: { compare: (a, b) => [NativeString(a), NativeString(b)] },
    DateTimeFormat: { format: time, formatToParts: time, formatRange: numbers, formatRangeToParts: numbers },
    DisplayNames: { of: (code) => [NativeString(code)] },
    ListFormat: { format: list, formatToParts: list },
    NumberFormat: { format: number, formatToParts: number, formatRange: numbers, formatRangeToParts: numbers },
    PluralRules: { select: number, selectRange: numbers },
    RelativeTimeFormat: { format: amount, formatToParts: amount },
    Segmenter: { segment: (text) => [NativeString(text)] },
  };
  /** What can be made without new, and its getter that gives a function of its own. */
  const BOUND = { Collator: 'compare', DateTimeFormat: 'format', NumberFormat: 'format' };

  function hide(holder, name, value) {
    if (typeof value === 'function') defineProperty(value, 'name', { value: name, configurable: true });
    defineProperty(holder, name, { value, writable: true, configurable: true });
  }

  function own(kind, self) {
    const state = typeof self === 'object' && self !== null ? stateOf(states, self) : undefined;
    if (state === undefined || state.kind !== kind) throw new NativeTypeError('This is not an Intl.' + kind + '.');
    return state;
  }

  function kindOf(kind, methods) {
    const bound = BOUND[kind];
    const Kind = function (locales, options) {
      if (new.target === undefined) {
        if (bound !== undefined) return new Kind(locales, options);
        throw new NativeTypeError('Intl.' + kind + ' has to be called with new.');
      }
      const state = { __proto__: null, kind, locales: wireLocales(locales), options };
      // A copy that no later change of the script's object reaches.
      if (options !== undefined) state.options = parse(stringify(options));
      askIntl(state, 'resolvedOptions', []);
      putState(states, this, state);
    };
    for (const name in methods) {
      const convert = methods[name];
      const run = (state, first, second) => {
        const value = askIntl(state, name, convert(first, second));
        return kind === 'Segmenter' ? segmentsOf(NativeString(first), value) : value;
      };
      if (name !== bound) {
        hide(Kind.prototype, name, function (first, second) { return run(own(kind, this), first, second); });
        continue;
      }
      const get = function () {
        const state = own(kind, this);
        state.bound ??= (first, second) => run(state, first, second);
        return state.bound;
      };
      defineProperty(Kind.prototype, name, { get, configurable: true });
    }
    hide(Kind.prototype, 'resolvedOptions', function () { return askIntl(own(kind, this), 'resolvedOptions', []); });
    hide(Kind, 'supportedLocalesOf', (locales, options) =>
      askIntl({ kind, options, locales: wireLocales(locales) ?? [] }, 'supportedLocalesOf', []));
    defineProperty(Kind.prototype, Symbol.toStringTag, { value: 'Intl.' + kind, configurable: true });
    return Kind;
  }

  function segmentsOf(input, parts) {
    const all = [];
    for (let i = 0; i < parts.length; i++) {
      const { segment, index, isWordLike } = parts[i];
      push(all, isWordLike === undefined ? { segment, index, input } : { segment, index, input, isWordLike });
    }
    return {
      containing(at) {
        const place = NativeNumber(at ?? 0);
        for (let i = 0; i < all.length; i++) {
          if (place >= all[i].index && place < all[i].index + all[i].segment.length) return all[i];
        }
      },
      [Symbol.iterator]: () => iterate(all),
    };
  }

  const Locale = function (tag, options) {
    if (new.target === undefined) throw new NativeTypeError('Intl.Locale has to be called with new.');
    if (typeof tag !== 'string' && (typeof tag !== 'object' || tag === null)) throw new NativeTypeError('A locale is a string.');
    const parts = askIntl({ kind: 'Locale', options, locales: [NativeString(tag)] }, 'parts', []);
    putState(states, this, { __proto__: null, kind: 'Locale', parts });
  };
  const partNames = ['baseName', 'calendar', 'caseFirst', 'collation', 'hourCycle', 'language', 'numberingSystem', 'numeric', 'region', 'script'];
  for (let i = 0; i < partNames.length; i++) {
    const name = partNames[i];
    defineProperty(Locale.prototype, name, { get: function () { return own('Locale', this).parts[name]; }, configurable: true });
  }
  hide(Locale.prototype, 'toString', function () { return own('Locale', this).parts.text; });
  hide(Locale.prototype, 'maximize', function () { return new Locale(own('Locale', this).parts.maximized); });
  hide(Locale.prototype, 'minimize', function () { return new Locale(own('Locale', this).parts.minimized); });
  defineProperty(Locale.prototype, Symbol.toStringTag, { value: 'Intl.Locale', configurable: true });

  const Intl = {};
  for (const kind in KINDS) hide(Intl, kind, kindOf(kind, KINDS[kind]));
  hide(Intl, 'Locale', Locale);
  hide(Intl, 'getCanonicalLocales', (locales) => askIntl({ kind: 'Intl', locales: wireLocales(locales) ?? [] }, 'getCanonicalLocales', []));
  hide(Intl, 'supportedValuesOf', (key) => askIntl({ kind: 'Intl' }, 'supportedValuesOf', [NativeString(key)]));
  defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true });
  hide(globalThis, 'Intl', Intl);

  function localized(holder, name, run) {
    hide(holder, name, function (first, second, third) { return run(this, first, second, third); });
  }
  const told = (kind, locales, options) => ({ kind, options, locales: wireLocales(locales) });
  localized(NativeNumber.prototype, 'toLocaleString', (self, locales, options) =>
    askIntl(told('NumberFormat', locales, options), 'format', [wireNumber(numberOf(self))]));
  localized(BigInt.prototype, 'toLocaleString', (self, locales, options) =>
    askIntl(told('NumberFormat', locales, options), 'format', [wireNumber(bigintOf(self))]));
  for (const name of ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']) {
    localized(Date.prototype, name, (self, locales, options) =>
      askIntl(told('Date', locales, options), name, [wireNumber(timeOf(self))]));
  }
  for (const name of ['toLocaleLowerCase', 'toLocaleUpperCase']) {
    localized(NativeString.prototype, name, (self, locales) => askIntl(told('String', locales), name, [NativeString(self)]));
  }
  localized(NativeString.prototype, 'localeCompare', (self, other, locales, options) =>
    askIntl(told('Collator', locales, options), 'compare', [NativeString(self), NativeString(other)]));
`;
