import { throwIfAborted } from '../abort.ts';
import { sameCommands } from '../child/same-command.ts';
import { EXIT_STATUS, isCodexRuntimeError } from '../errors.ts';
import { DEFAULT_PACKAGE_NAME } from '../package/stage/index.ts';
import type { PlaceOptions } from '../place/index.ts';
import { layoutOf } from '../place/index.ts';
import { settingsOf } from '../request/index.ts';
import { type Check, type Finding, failFrom, type Patient } from './finding.ts';
import { checkHolds } from './hold-check.ts';
import { checkDisk, checkHome, checkPrefix } from './home-checks.ts';
import { checkNode, checkPlatform } from './machine-checks.ts';
import { checkNetwork } from './network-check.ts';
import { checkInstallations, checkPath } from './path-check.ts';
import { checkPin } from './pin-checks.ts';
import { checkOtherPlaces, checkPlace } from './place-checks.ts';
import { checkHandshake, checkStore } from './runtime-checks.ts';
import { checkDaemon, checkServers } from './server-checks.ts';

/** What the doctor found, in the order in which it looked. */
export interface Diagnosis {
  /** Whether nothing fails; warnings do not count. */
  readonly healthy: boolean;
  /** 0, 9 when something is damaged, else the status of the first failure. */
  readonly exitStatus: number;
  readonly findings: readonly Finding[];
}

export interface DiagnoseOptions extends PlaceOptions {
  /** Speak to the app-server of the installed runtime. Default false. */
  readonly handshake?: boolean;
}

/** From the ground up: what a later check says rests on the earlier ones. */
const CHECKS: readonly Check[] = [
  checkPlatform,
  checkNode,
  checkHome,
  checkDisk,
  checkPrefix,
  checkHolds,
  checkPin,
  checkStore,
  checkPlace,
  checkOtherPlaces,
  checkHandshake,
  checkPath,
  checkInstallations,
  checkDaemon,
  checkServers,
  checkNetwork,
];

/**
 * Looks at everything that an installation needs, and says what to do. Nothing is changed or
 * downloaded. With `offline` the network is not asked.
 * @throws CodexRuntimeError `ABORTED`; what is wrong is a finding, never an error
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const settings = settingsOf(options);
  const patient: Patient = {
    settings,
    layout: await layoutOf(options, settings),
    name: options.name ?? DEFAULT_PACKAGE_NAME,
    place: options,
    version: options.version,
    signal: options.signal,
  };
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    if (check === checkNetwork && options.offline === true) continue;
    // pip decides where it may write.
    if (check === checkPrefix && options.ecosystem === 'python') continue;
    if (check === checkHandshake && options.handshake !== true) continue;
    throwIfAborted(options.signal);
    for (const finding of await unlessUnreadable(check, patient)) {
      const { summary, advice } = finding;
      findings.push({
        ...finding,
        summary: sameCommands(summary, settings.named),
        advice: advice === null ? null : sameCommands(advice, settings.named),
      });
    }
  }
  const codes = findings.flatMap(({ code }) => (code === null ? [] : [code]));
  const [first] = codes.includes('DAMAGED') ? (['DAMAGED'] as const) : codes;
  return {
    healthy: first === undefined,
    exitStatus: first === undefined ? 0 : EXIT_STATUS[first],
    findings,
  };
}

/** What may not be looked into is a finding too, whichever check met it. */
async function unlessUnreadable(check: Check, patient: Patient): Promise<readonly Finding[]> {
  try {
    return await check(patient);
  } catch (error) {
    if (!isCodexRuntimeError(error, 'PERMISSION_DENIED', 'INSTALL_FAILED')) throw error;
    return [failFrom('home', error)];
  }
}
