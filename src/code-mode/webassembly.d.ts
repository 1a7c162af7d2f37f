/** The one part of WebAssembly that is used here; Node's types of version 20 do not declare it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    private readonly brand: never;
  }
}
