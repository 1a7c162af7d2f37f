declare module '@npmcli/config' {
  /** The part of npm's configuration loader that is used here; the package has no types of its own. */
  class Config {
    constructor(options: {
      definitions: unknown;
      shorthands: unknown;
      flatten: unknown;
      nerfDarts: unknown;
      npmPath: string;
      env: Record<string, string | undefined>;
      argv: readonly string[];
      platform: string;
      execPath: string;
      cwd: string;
      warn: boolean;
    });
    load(): Promise<void>;
    readonly globalPrefix: string;
    /** Whether nobody has set it. */
    isDefault(key: string): boolean;
    readonly flat: Readonly<Record<string, unknown>>;
  }
  export = Config;
}

declare module '@npmcli/config/lib/definitions/index.js' {
  const definitions: {
    definitions: Readonly<Record<string, { readonly default: unknown }>>;
    shorthands: unknown;
    flatten: unknown;
    nerfDarts: unknown;
  };
  export = definitions;
}
