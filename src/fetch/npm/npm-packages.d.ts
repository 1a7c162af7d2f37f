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
    get(key: string): unknown;
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

// Of npm-registry-fetch only the choice of credentials: all of it takes three times as long to load.
declare module 'npm-registry-fetch/lib/auth.js' {
  function getAuth(
    url: string,
    options: Readonly<Record<string, unknown>>,
  ): {
    readonly token: string | null;
    readonly auth: string | null;
    /** PEM text of the files that `certfile` and `keyfile` of the registry name. */
    readonly cert: string | null;
    readonly key: string | null;
  };
  export = getAuth;
}
