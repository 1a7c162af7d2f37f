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
