import { expect, it } from 'vitest';
import type { Member } from '../../src/extract/member.ts';
import { MemberPolicy } from '../../src/extract/member-policy.ts';
import { refuserOf } from '../../src/extract/refusal.ts';
import { assetOf, chunksOf } from '../support/extract-request.ts';
import { failure } from '../support/failure.ts';

it('caps members whose size nobody announces', async () => {
  const asset = assetOf({ format: 'zst', layout: 'bare' });
  const limits = { totalBytes: 1_000, entries: 10, pathLength: 100 };
  const policy = new MemberPolicy(asset, limits, refuserOf(asset.name));
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
