import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type FileBundle, isStatement, parseBundle } from '../../src/signature/parse-bundle.ts';
import { toSignedFile } from '../../src/signature/signed-file.ts';
import { failure } from '../support/failure.ts';
import { createSigningAuthority } from '../support/signing-authority.ts';
import { tempDir } from '../support/temp-dir.ts';

const CONTENT = Buffer.from('#!/bin/sh\n');
const SHA256 = 'a'.repeat(64);

let bundle: FileBundle;
beforeAll(async () => {
  const authority = await createSigningAuthority();
  const parsed = parseBundle(JSON.stringify(await authority.legacyBundle({ content: CONTENT })));
  if (isStatement(parsed)) throw new Error('cosign signs files');
  bundle = parsed;
});

test('a file that cannot be read is an error of the disk, not of the signature', async () => {
  const path = join(await tempDir(), 'none');
  const error = await failure(toSignedFile(bundle, { path, sha256: SHA256 }));
  expect(error.code).toBe('INSTALL_FAILED');
  expect(error.fields['path']).toBe(path);
});

test('abort ends the reading', async () => {
  const path = join(await tempDir(), 'codex');
  await writeFile(path, CONTENT);
  const file = { path, sha256: SHA256 };
  const error = await failure(toSignedFile(bundle, file, AbortSignal.abort()));
  expect(error.code).toBe('ABORTED');
});
