import { CodexRuntimeError } from '../errors.ts';
import type { PackslipOrigin } from '../package/pack/index.ts';
import { repositoryUrl } from '../package/stage/index.ts';
import type { Environment } from '../request/index.ts';

interface Signing {
  readonly packslipSigner?: string | undefined;
  readonly repository?: string | undefined;
}

/**
 * Whose packslip manifest it will be: of whoever is named, else of the job of GitHub Actions or GitLab
 * that this is; undefined elsewhere, since the manifest names its signer.
 * @throws CodexRuntimeError `USAGE` where the signer is named and the repository is not known
 */
export function packslipOrigin(
  env: Environment,
  { packslipSigner, repository }: Signing,
): PackslipOrigin | undefined {
  const job = jobOf(env);
  const signer = packslipSigner ?? job?.signer;
  if (signer === undefined) return undefined;
  const named = repository ?? job?.repository;
  if (named === undefined) {
    throw new CodexRuntimeError(
      'USAGE',
      'A packslip manifest needs the repository that releases.',
      {
        hint: 'Name it with --repository owner/name.',
      },
    );
  }
  const repo = repositoryUrl(named);
  const { host, pathname } = new URL(repo);
  return {
    project: `${host}${pathname}`,
    signer,
    issuer: issuerOf(signer) ?? (packslipSigner === undefined ? (job?.issuer ?? null) : null),
    source: { repo, ...job?.source },
    publishedAt: publishedAt(env),
  };
}

interface Job {
  readonly signer: string;
  readonly issuer: string;
  readonly repository: string;
  readonly source: { readonly commit?: string; readonly tag?: string };
}

/** As Sigstore's authority writes a job's identity into its certificate. */
function jobOf(env: Environment): Job | undefined {
  const { GITHUB_ACTIONS, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_WORKFLOW_REF } = env;
  if (GITHUB_ACTIONS === 'true' && GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_WORKFLOW_REF) {
    const { GITHUB_SHA, GITHUB_REF_TYPE, GITHUB_REF_NAME } = env;
    return {
      signer: `${GITHUB_SERVER_URL}/${GITHUB_WORKFLOW_REF}`,
      issuer: GITHUB_ISSUER,
      repository: `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`,
      source: sourceOf(GITHUB_SHA, GITHUB_REF_TYPE === 'tag' ? GITHUB_REF_NAME : undefined),
    };
  }
  const { GITLAB_CI, CI_CONFIG_REF_URI, CI_PROJECT_URL, CI_SERVER_URL } = env;
  if (GITLAB_CI === 'true' && CI_CONFIG_REF_URI && CI_PROJECT_URL && CI_SERVER_URL) {
    return {
      signer: `https://${CI_CONFIG_REF_URI}`,
      issuer: CI_SERVER_URL,
      repository: CI_PROJECT_URL,
      source: sourceOf(env['CI_COMMIT_SHA'], env['CI_COMMIT_TAG']),
    };
  }
  return undefined;
}

const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

function issuerOf(signer: string): string | null {
  if (signer.startsWith('https://github.com/')) return GITHUB_ISSUER;
  return signer.startsWith('https://gitlab.com/') ? 'https://gitlab.com' : null;
}

function sourceOf(commit: string | undefined, tag: string | undefined): Job['source'] {
  return { ...(commit ? { commit } : {}), ...(tag ? { tag } : {}) };
}

/** Now, or what reproducible builds are told: SOURCE_DATE_EPOCH, in seconds. */
function publishedAt(env: Environment): string {
  const { SOURCE_DATE_EPOCH: epoch } = env;
  const at =
    epoch !== undefined && /^\d{1,11}$/.test(epoch) ? new Date(Number(epoch) * 1000) : new Date();
  return at.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
