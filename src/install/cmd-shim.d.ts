/** The part that is used of npm's own maker of Windows command shims. */
declare module 'cmd-shim' {
  /** Writes `to`, `to.cmd` and `to.ps1`, which run `from`. */
  export default function cmdShim(from: string, to: string): Promise<void>;
}
