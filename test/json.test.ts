import { expect, it } from 'vitest';
import { asJsonObject, isJsonObject } from '../src/json.ts';

it.each([[{}], [{ a: 1 }]])('%j is a JSON object', (value) => {
  expect(isJsonObject(value)).toBe(true);
  expect(asJsonObject(value)).toBe(value);
});

it.each([[null], [[]], ['{}'], [1], [undefined]])('%j is no JSON object', (value) => {
  expect(isJsonObject(value)).toBe(false);
  expect(asJsonObject(value)).toEqual({});
});
