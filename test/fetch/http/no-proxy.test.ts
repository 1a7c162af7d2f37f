import { expect, test } from 'vitest';
import { isExempt } from '../../../src/fetch/http/no-proxy.ts';

test.each([
  // Names include their subdomains, with and without a dot.
  ['example.com', 'https://example.com', true],
  ['example.com', 'https://registry.example.com', true],
  ['.example.com', 'https://registry.example.com', true],
  ['.example.com', 'https://example.com', true],
  ['*.example.com', 'https://registry.example.com', true],
  ['*.example.com', 'https://example.com', false],
  ['example.com', 'https://notexample.com', false],
  ['example.com', 'https://example.com.evil.test', false],
  ['registry.example.com', 'https://example.com', false],
  ['EXAMPLE.com', 'https://Example.COM', true],
  ['example.com.', 'https://example.com', true],
  ['example.com', 'https://example.com.', true],
  ['bücher.example', 'https://xn--bcher-kva.example', true],
  ['localhost', 'http://localhost:8080', true],
  // Lists.
  ['a.test, example.com', 'https://example.com', true],
  ['a.test example.com', 'https://example.com', true],
  ['a.test,,  ,example.com,', 'https://example.com', true],
  ['a.test', 'https://example.com', false],
  ['', 'https://example.com', false],
  [',', 'https://example.com', false],
  ['*', 'https://example.com', true],
  ['*', 'http://[::1]', true],
  ['a.test,*', 'https://example.com', true],
  // Ports.
  ['example.com:443', 'https://example.com', true],
  ['example.com:8443', 'https://example.com', false],
  ['example.com:8443', 'https://example.com:8443', true],
  ['example.com:80', 'http://example.com', true],
  ['127.0.0.1:8080', 'http://127.0.0.1:8080', true],
  ['127.0.0.1:8080', 'http://127.0.0.1:8081', false],
  // Addresses.
  ['127.0.0.1', 'http://127.0.0.1:4873', true],
  ['127.0.0.1', 'http://127.0.0.2', false],
  ['0.0.1', 'http://127.0.0.1', false],
  ['::1', 'http://[::1]:4873', true],
  ['[::1]', 'http://[::1]:4873', true],
  ['[::1]:4873', 'http://[::1]:4873', true],
  ['[::1]:4873', 'http://[::1]:4874', false],
  ['::1', 'http://[::2]', false],
  ['2001:DB8::1', 'http://[2001:db8:0:0::1]', true],
  ['::1', 'http://localhost', false],
  ['10.0.0.1', 'http://[::ffff:10.0.0.1]', true],
  // Ranges.
  ['10.0.0.0/8', 'http://10.1.2.3', true],
  ['10.0.0.0/8', 'http://11.1.2.3', false],
  ['192.168.1.0/24', 'http://192.168.1.77:8081', true],
  ['fd00::/8', 'http://[fd12:3456::1]', true],
  ['[fd00::]/8', 'http://[fd12:3456::1]', true],
  ['fd00::/8', 'http://[2001:db8::1]', false],
  ['10.0.0.0/8', 'http://[::ffff:10.0.0.1]', true],
  ['0.0.0.0/0', 'http://1.2.3.4', true],
  ['10.0.0.0/33', 'http://10.0.0.0', false],
  ['10.0.0.0/x', 'http://10.0.0.0', false],
  ['10.0.0.0/', 'http://10.0.0.0', false],
  ['10.0.0.0/8', 'http://example.com', false],
])('NO_PROXY=%s exempts %s: %s', (list, url, expected) => {
  expect(isExempt(new URL(url), list)).toBe(expected);
});
