import { expect, test } from 'vitest';
import { createHttp } from '../../src/fetch/http/index.ts';
import { createHttpSource } from '../../src/fetch/http-source.ts';
import { transfer } from '../../src/fetch/transfer.ts';
import { downloadFixture, serveFile } from '../support/download-fixture.ts';
import { startServer } from '../support/fault-server.ts';
import { transferState } from '../support/transfer-state.ts';

const MIB = 2 ** 20;

test.each([
  ['continues the parts of the same edition', '"one"', MIB],
  ['begins anew, without any of its parts, when there is another edition', '"two"', 2 * MIB],
])('what lacks its first byte %s', async (_, etag, fetched) => {
  await using fixture = await downloadFixture({ size: 2 * MIB });
  await using server = await startServer(serveFile(fixture.content, { etag }));
  const { state, taken } = await transferState(fixture);
  const http = createHttp({ env: {} });
  const source = createHttpSource({ kind: 'browser', url: server.url }, http.open);
  state.edition = { kind: 'browser', address: source.address, validator: '"one"', total: 2 * MIB };
  const part = fixture.content.subarray(MIB);
  await state.partial.writeAt(etag === '"one"' ? part : Buffer.alloc(MIB), MIB);
  await transfer(source, state);
  await state.partial.close();
  await http.close();
  expect(Buffer.concat(taken).equals(fixture.content)).toBe(true);
  // The tail of a chunk that goes beyond the gap is not used.
  expect(state.fetched).toBeGreaterThanOrEqual(fetched);
  expect(state.fetched).toBeLessThanOrEqual(fetched + MIB / 2);
});
