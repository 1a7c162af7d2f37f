import type { RefusalReason } from '../../src/extract/index.ts';
import { longName, pax, tar, zip } from './archives.ts';
import type { HostileArchive } from './hostile-archives.ts';

/** Names of a regular file beside `bin/codex`, and why each is refused. */
const HOSTILE_NAMES: readonly (readonly [name: string, reason: RefusalReason])[] = [
  ['/etc/passwd', 'absolute-path'],
  ['//server/share', 'absolute-path'],
  ['/bin/codex', 'absolute-path'],
  ['../evil', 'traversal'],
  ['..', 'traversal'],
  ['./../evil', 'traversal'],
  ['bin/../../evil', 'traversal'],
  ['bin/../codex-path/rg', 'traversal'],
  ['bin/..', 'traversal'],
  ['codex-resources/a/../../../../todo.txt', 'traversal'],
  ['bin\\codex', 'backslash'],
  ['..\\evil', 'backslash'],
  ['\\\\server\\share', 'backslash'],
  ['C:\\Windows\\evil', 'backslash'],
  ['C:/Windows/evil', 'drive-letter'],
  ['c:evil', 'drive-letter'],
  ['bin/codex:stream', 'reserved-name'],
  ['bin/con', 'reserved-name'],
  ['bin/PRN', 'reserved-name'],
  ['bin/aux.txt', 'reserved-name'],
  ['bin/NUL.tar.gz', 'reserved-name'],
  ['bin/com1', 'reserved-name'],
  ['bin/COM¹', 'reserved-name'],
  ['bin/LPT9.log', 'reserved-name'],
  ['bin/CONIN$', 'reserved-name'],
  ['codex-resources/nul/file', 'reserved-name'],
  ['bin/rg.', 'reserved-name'],
  ['bin/rg ', 'reserved-name'],
  ['bin/...', 'reserved-name'],
  ['bin./rg', 'reserved-name'],
  ['bin/a?b', 'reserved-name'],
  ['bin/a*b', 'reserved-name'],
  ['bin/a|b', 'reserved-name'],
  ['bin/a<b', 'reserved-name'],
  ['bin/a>b', 'reserved-name'],
  ['bin/a"b', 'reserved-name'],
  ['bin/CODEX~1.EXE', 'reserved-name'],
  ['bin/a\u0001b', 'control-character'],
  ['bin/a\nb', 'control-character'],
  ['bin/a\rb', 'control-character'],
  ['bin/a\tb', 'control-character'],
  ['bin/a\u007fb', 'control-character'],
  ['bin/a\u001b[2Jb', 'control-character'],
  ['bin/a\u0085b', 'control-character'],
  ['bin/a\u200bb', 'control-character'],
  ['bin/a\u202eexe.rg', 'control-character'],
  ['bin/\ufeffrg', 'control-character'],
  ['bin/a\u2028b', 'control-character'],
  ['bin/a\ufffdb', 'control-character'],
  ['bin//rg', 'malformed-name'],
  ['bin/./rg', 'malformed-name'],
  ['././bin/rg', 'malformed-name'],
  ['.', 'malformed-name'],
  [`bin/${'a'.repeat(256)}`, 'path-too-long'],
  [`bin/${'ä'.repeat(128)}`, 'path-too-long'],
  [`bin/${'a/'.repeat(255)}rg`, 'path-too-long'],
  ['bin/codex', 'duplicate-name'],
  ['./bin/codex', 'duplicate-name'],
  ['bin/CODEX', 'colliding-names'],
  ['BIN/codex', 'colliding-names'],
  ['Bin/rg', 'colliding-names'],
  ['bin/ｃodex', 'colliding-names'],
  ['bin/codex/rg', 'file-directory-clash'],
  ['bin', 'file-directory-clash'],
  ['codex-path', 'outside-tree'],
  ['codex-resources', 'outside-tree'],
  ['runtime.json', 'outside-tree'],
  ['package.json', 'outside-tree'],
  ['index.js', 'outside-tree'],
  ['node_modules/x', 'outside-tree'],
  ['lib/libz.so', 'outside-tree'],
  ['binary/codex', 'outside-tree'],
  ['codex', 'outside-tree'],
  ['.npmrc', 'outside-tree'],
  ['README.md/x', 'outside-tree'],
];

const CODEX = { name: 'bin/codex', body: 'codex', mode: 0o755 };

/** Every hostile name in every place where an archive can keep a name. */
export function hostileNames(): readonly HostileArchive[] {
  return HOSTILE_NAMES.flatMap(([name, reason]) => {
    const title = JSON.stringify(name.length > 60 ? `${name.slice(0, 40)}…` : name);
    const inTar = (place: string, archive: Buffer) => ({
      title: `${title} ${place}`,
      archive,
      reason,
    });
    const member = { name: 'bin/other', body: 'evil' };
    const places = [
      inTar('in a pax header', tar([CODEX, pax({ path: name }), member])),
      inTar('in a GNU long name', tar([CODEX, longName(name), member])),
      {
        title: `${title} in a zip`,
        archive: zip([CODEX, { name, body: 'evil' }]),
        pretence: { format: 'zip' as const },
        reason,
      },
    ];
    if (Buffer.byteLength(name) > 100) return places;
    return [inTar('in a tar header', tar([CODEX, { ...member, name }])), ...places];
  });
}
