declare module 'cmd-shim' {
  /** npm's own maker of Windows command shims: writes `to`, `to.cmd` and `to.ps1`, which run `from`. */
  function cmdShim(from: string, to: string): Promise<void>;
  export = cmdShim;
}
