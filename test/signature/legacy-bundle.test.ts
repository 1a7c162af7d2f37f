import { expect, test } from 'vitest';
import { isLegacyBundle } from '../../src/signature/legacy-bundle.ts';

const PAYLOAD = { body: 'e30=', integratedTime: 1, logIndex: 2, logID: 'c0ffee' };
const BUNDLE = {
  base64Signature: 'AAAA',
  cert: 'AAAA',
  rekorBundle: { SignedEntryTimestamp: 'AAAA', Payload: PAYLOAD },
};

test('a bundle of the old format is known by its parts', () => {
  expect(isLegacyBundle(BUNDLE)).toBe(true);
});

test.each<unknown>([
  null,
  'text',
  [BUNDLE],
  { ...BUNDLE, base64Signature: 1 },
  { ...BUNDLE, cert: undefined },
  { ...BUNDLE, rekorBundle: null },
  { ...BUNDLE, rekorBundle: { ...BUNDLE.rekorBundle, SignedEntryTimestamp: 1 } },
  { ...BUNDLE, rekorBundle: { ...BUNDLE.rekorBundle, Payload: null } },
  ...Object.entries({ body: 1, integratedTime: '1', logIndex: 0.5, logID: 7 }).map(
    ([key, value]) => ({
      ...BUNDLE,
      rekorBundle: { ...BUNDLE.rekorBundle, Payload: { ...PAYLOAD, [key]: value } },
    }),
  ),
])('%j is none', (value) => {
  expect(isLegacyBundle(value)).toBe(false);
});
