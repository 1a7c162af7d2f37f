/** The longest path from which Windows starts a program, whatever its setting for long paths. */
const LONGEST_PATH = 259;

/**
 * What to do about a program whose path is too long for Windows to start it; undefined for others.
 * Files may have longer paths: such a package is complete and does not run.
 * @param platform Node's `process.platform`
 */
export function longPathHint(
  path: string,
  platform: string = process.platform,
): string | undefined {
  if (platform !== 'win32' || path.length <= LONGEST_PATH) return undefined;
  return `Windows starts no program whose path is longer than ${LONGEST_PATH} characters, and this one has ${path.length}: use a shorter prefix or home.`;
}

/** What Windows ends a program with that it could not start: STATUS_DLL_NOT_FOUND. */
const DLL_NOT_FOUND = 0xc0000135;

/**
 * What to do about a program that ended with `status` because Windows did not find a library of it;
 * undefined for every other status. Codex before 0.171 needs VCRUNTIME140.dll, which Windows does
 * not bring.
 */
export function missingLibraryHint(status: unknown): string | undefined {
  if (typeof status !== 'number' || status >>> 0 !== DLL_NOT_FOUND) return undefined;
  return 'Windows did not find a library that it needs (0xC0000135), usually VCRUNTIME140.dll: install the Microsoft Visual C++ Redistributable and try again.';
}

/**
 * What to look at where a program does not start and the system does not say why.
 * @param platform Node's `process.platform`
 */
export function refusedHint(platform: string = process.platform): string {
  const why =
    platform === 'win32'
      ? 'Does a policy or an antivirus keep programs from starting there, or is it for another kind of machine?'
      : 'Is its directory mounted noexec, or is it for another kind of machine?';
  return `${why} Set CODEX_RUNTIME_HOME to a place where programs may run.`;
}
