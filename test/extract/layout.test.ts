import { describe, expect, it } from 'vitest';
import { placeMember, stemOf } from '../../src/extract/layout.ts';
import { assetOf, type Pretence } from '../support/extract-request.ts';

const LINUX = 'x86_64-unknown-linux-musl';
const WINDOWS = 'x86_64-pc-windows-msvc';

/** A path, `skip`, or `!reason`; a member that ends in `/` is a directory. */
function placed(member: string, pretence: Pretence): string {
  const kind = member.endsWith('/') ? 'directory' : 'file';
  const segments = member.split('/').filter((segment) => segment !== '');
  const placement = placeMember(segments, kind, assetOf(pretence));
  if ('reason' in placement) return `!${placement.reason}`;
  return 'skip' in placement ? 'skip' : placement.path;
}

describe('placeMember of the layout tree', () => {
  it.each([
    ['', 'skip'],
    ['codex-package.json', 'codex-package.json'],
    ['bin/', 'bin'],
    ['bin/codex', 'bin/codex'],
    ['bin/codex-code-mode-host', 'bin/codex-code-mode-host'],
    ['codex-path/', 'codex-path'],
    ['codex-path/rg', 'codex-path/rg'],
    ['codex-resources/voice/lib/libz.so.1', 'codex-resources/voice/lib/libz.so.1'],
    ['codex-resources/zsh/', 'codex-resources/zsh'],
    ['codex-future/x', 'codex-future/x'],
    ['codex-future.json', 'codex-future.json'],
    ['LICENSE', 'skip'],
    ['NOTICE.md', 'skip'],
    ['README.md', 'skip'],
    ['README.md/', '!outside-tree'],
    ['README.md/x', '!outside-tree'],
    ['bin', '!outside-tree'],
    ['codex-path', '!outside-tree'],
    ['codex', '!outside-tree'],
    ['runtime.json', '!outside-tree'],
    ['package.json', '!outside-tree'],
    ['node_modules/', '!outside-tree'],
    ['share/man/codex.1', '!outside-tree'],
    [`package/vendor/${LINUX}/bin/codex`, '!outside-tree'],
  ])('takes %j for %s', (member, expected) => {
    expect(placed(member, { layout: 'tree' })).toBe(expected);
  });
});

describe('placeMember of the layout bare', () => {
  const windows = { layout: 'bare', format: 'zip', target: 'win32-x64' } as const;
  it.each<[string, string, Pretence]>([
    [`codex-${LINUX}`, 'bin/codex', { layout: 'bare' }],
    ['', 'skip', { layout: 'bare' }],
    [`codex-${LINUX}/`, '!outside-tree', { layout: 'bare' }],
    ['codex', '!outside-tree', { layout: 'bare' }],
    [`bin/codex-${LINUX}`, '!outside-tree', { layout: 'bare' }],
    ['codex-aarch64-unknown-linux-musl', '!outside-tree', { layout: 'bare' }],
    [`codex-app-server-${LINUX}`, '!outside-tree', { layout: 'bare' }],
    [`codex-${LINUX}.sigstore`, '!outside-tree', { layout: 'bare' }],
    ['codex-command-runner.exe', '!outside-tree', { layout: 'bare' }],
    [`codex-${WINDOWS}.exe`, 'bin/codex.exe', windows],
    [`codex-${WINDOWS}`, '!outside-tree', windows],
    ['codex-command-runner.exe', 'codex-resources/codex-command-runner.exe', windows],
    ['codex-windows-sandbox-setup.exe', 'codex-resources/codex-windows-sandbox-setup.exe', windows],
    ['codex-responses-api-proxy.exe', '!outside-tree', windows],
    ['x/codex-command-runner.exe', '!outside-tree', windows],
    ['codex-aarch64-apple-darwin', 'bin/codex', { layout: 'bare', target: 'darwin-arm64' }],
    ['my-codex', 'bin/codex', { layout: 'bare', name: 'my-codex.tar.gz' }],
  ])('takes %j for %s', (member, expected, pretence) => {
    expect(placed(member, pretence)).toBe(expected);
  });
});

describe('placeMember of the layout npm', () => {
  const linux = { layout: 'npm' } as const;
  const windows = { layout: 'npm', target: 'win32-x64' } as const;
  it.each<[string, string, Pretence]>([
    ['package/', 'skip', linux],
    ['package/vendor/', 'skip', linux],
    [`package/vendor/${LINUX}/`, 'skip', linux],
    ['package/package.json', 'skip', linux],
    ['package/README.md', 'skip', linux],
    ['package/LICENSE', 'skip', linux],
    [`package/vendor/${LINUX}/bin/codex`, 'bin/codex', linux],
    [`package/vendor/${LINUX}/codex-package.json`, 'codex-package.json', linux],
    [`package/vendor/${LINUX}/codex-resources/zsh/bin/zsh`, 'codex-resources/zsh/bin/zsh', linux],
    [`package/vendor/${LINUX}/codex/`, 'skip', linux],
    [`package/vendor/${LINUX}/codex/codex`, 'bin/codex', linux],
    [`package/vendor/${LINUX}/path/rg`, 'codex-path/rg', linux],
    [`package/vendor/${WINDOWS}/codex/codex.exe`, 'bin/codex.exe', windows],
    [`package/vendor/${WINDOWS}/path/rg.exe`, 'codex-path/rg.exe', windows],
    [
      `package/vendor/${WINDOWS}/codex/codex-command-runner.exe`,
      'codex-resources/codex-command-runner.exe',
      windows,
    ],
    [`package/vendor/${LINUX}/codex`, '!outside-tree', linux],
    [`package/vendor/${LINUX}/path`, '!outside-tree', linux],
    [`package/vendor/${LINUX}`, '!outside-tree', linux],
    [`package/vendor/${LINUX}/index.js`, '!outside-tree', linux],
    [`package/vendor/${WINDOWS}/bin/codex.exe`, '!wrong-target', linux],
    ['package/vendor/aarch64-unknown-linux-musl/', '!wrong-target', linux],
    ['package/vendor', '!outside-tree', linux],
    ['package', '!outside-tree', linux],
    ['package/bin/codex.js', '!outside-tree', linux],
    ['package/package.json/x', '!outside-tree', linux],
    [`vendor/${LINUX}/bin/codex`, '!outside-tree', linux],
    ['bin/codex', '!outside-tree', linux],
  ])('takes %j for %s', (member, expected, pretence) => {
    expect(placed(member, pretence)).toBe(expected);
  });
});

describe('stemOf', () => {
  it.each([
    [`codex-${LINUX}.tar.gz`, 'tar.gz', `codex-${LINUX}`],
    [`codex-${LINUX}.zst`, 'zst', `codex-${LINUX}`],
    [`codex-${WINDOWS}.exe.zip`, 'zip', `codex-${WINDOWS}.exe`],
    [`codex-${WINDOWS}.exe.tar.gz`, 'tar.gz', `codex-${WINDOWS}.exe`],
    ['codex.tgz', 'tar.gz', 'codex.tgz'],
  ] as const)('of %s (%s) is %s', (name, format, stem) => {
    expect(stemOf({ name, format })).toBe(stem);
  });
});
