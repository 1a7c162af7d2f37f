import { isJsonObject, parseBoundedJson } from '../json.ts';
import type { StatementBundle } from './parse-bundle.ts';

/** Of what bytes something is said. */
export interface AttestedBytes {
  readonly algorithm: 'sha256' | 'sha512';
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

/** A bundle or statement of a kind that is not read here. */
export class UnknownFormat extends Error {
  readonly format: string;

  constructor(format: string) {
    super(`${format} is not a format that is known`);
    this.format = format;
  }
}

const PAYLOAD = 'application/vnd.in-toto+json';
const STATEMENTS = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];
/** Who built it, from what; a release, publish or scan statement says something else. */
export const PROVENANCE = ['https://slsa.dev/provenance/v1', 'https://slsa.dev/provenance/v0.2'];

/**
 * The digests that a provenance statement is about. Whether anything in it is true is not looked at.
 * @throws UnknownFormat for another payload, statement or predicate; Error where it cannot be read
 */
export function attestedDigests(bundle: StatementBundle): readonly AttestedBytes[] {
  const { payload, payloadType } = bundle.content.dsseEnvelope;
  if (payloadType !== PAYLOAD) throw new UnknownFormat(`a DSSE envelope of ${payloadType}`);
  const statement: unknown = parseBoundedJson(payload.toString('utf8'));
  if (!isJsonObject(statement)) throw new Error('its statement is not a JSON object');
  const { _type: type, predicateType, subject } = statement;
  if (typeof type !== 'string' || !STATEMENTS.includes(type)) {
    throw new UnknownFormat(`a statement of type ${String(type).slice(0, 200)}`);
  }
  if (typeof predicateType !== 'string' || !PROVENANCE.includes(predicateType)) {
    throw new UnknownFormat(`a statement with predicate ${String(predicateType).slice(0, 200)}`);
  }
  if (!Array.isArray(subject)) throw new Error('its statement has no subject');
  return subject.flatMap((one: unknown) => {
    const digest = isJsonObject(one) ? one['digest'] : undefined;
    return isJsonObject(digest)
      ? [...read(digest, 'sha256', 64), ...read(digest, 'sha512', 128)]
      : [];
  });
}

function read(
  digest: Readonly<Record<string, unknown>>,
  algorithm: AttestedBytes['algorithm'],
  length: number,
): AttestedBytes[] {
  const hex = digest[algorithm];
  if (typeof hex !== 'string' || hex.length !== length || !/^[0-9a-f]+$/i.test(hex)) return [];
  return [{ algorithm, hex: hex.toLowerCase() }];
}
