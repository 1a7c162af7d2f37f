import { expect, it } from 'vitest';
import type { Member } from '../../src/extract/member.ts';
import { MemberPolicy } from '../../src/extract/member-policy.ts';
import { refuserOf } from '../../src/extract/refusal.ts';
import { assetOf, chunksOf } from '../support/extract-request.ts';
import { failure } from '../support/failure.ts';

const LIMITS = { totalBytes: 1_000, entries: 10, pathLength: 100, workMs: 60_000 };

it('caps members whose size nobody announces', async () => {
  const asset = assetOf({ format: 'zst', layout: 'bare' });
  const policy = new MemberPolicy({
    asset,
    limits: LIMITS,
    refuse: refuserOf(asset.name),
    workMs: () => 0,
  });
  const taken: number[] = [];
  async function take(bytes: number): Promise<void> {
    const body = chunksOf(Buffer.alloc(bytes), 100);
    const member: Member = { name: 'codex', kind: 'file', size: null, executable: true, body };
    for await (const chunk of policy.capped(member)) taken.push(chunk.length);
  }
  await take(1_000);
  expect(taken).toHaveLength(10);
  const error = await failure(take(1));
  expect(error.fields['reason']).toBe('too-many-bytes');
  expect(taken).toHaveLength(10);
});

it('caps the time that an archive takes, between members and within one', async () => {
  const asset = assetOf({ layout: 'tree' });
  let workMs = 0;
  const policy = new MemberPolicy({
    asset,
    limits: LIMITS,
    refuse: refuserOf(asset.name),
    workMs: () => workMs,
  });
  const body = chunksOf(Buffer.alloc(300), 100);
  const member: Member = { name: 'bin/codex', kind: 'file', size: 300, executable: true, body };
  expect(policy.admit(member)?.path).toBe('bin/codex');
  const taken: number[] = [];
  const reading = (async () => {
    for await (const chunk of policy.capped(member)) {
      taken.push(chunk.length);
      if (taken.length === 2) workMs = 60_001;
    }
  })();
  expect((await failure(reading)).fields['reason']).toBe('too-long');
  expect(taken).toHaveLength(2);
  const next = (async () => policy.admit({ ...member, name: 'bin/rg' }))();
  expect((await failure(next)).fields['reason']).toBe('too-long');
});
