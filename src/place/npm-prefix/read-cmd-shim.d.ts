declare module 'read-cmd-shim' {
  /** Where a shim leads that npm's cmd-shim wrote, relative to its directory; throws for other files. */
  function readCmdShim(path: string): Promise<string>;
  export = readCmdShim;
}
