import { release } from 'node:os';
import zlib from 'node:zlib';
import { hostTarget } from '../target/index.ts';
import { type Check, failFrom, ok, warn } from './finding.ts';

/** Whether there is a build for this machine. */
export const checkPlatform: Check = async ({ settings: { host } }) => {
  try {
    const { triple } = hostTarget(host);
    const translated = host.rosetta === true ? ', under Rosetta' : '';
    const summary = `This machine runs ${triple} (${host.platform}/${host.arch} ${release()}${translated}).`;
    return [ok('platform', summary, { target: triple })];
  } catch (error) {
    return [failFrom('platform', error)];
  }
};

/** Whether this Node can do all that a release offers. */
export const checkNode: Check = async () => {
  const { version } = process;
  const zstd = 'createZstdDecompress' in zlib;
  if (zstd) return [ok('node', `Node ${version}.`, { version, zstd })];
  const summary = `Node ${version} cannot inflate zstd: the larger .tar.gz is taken instead.`;
  return [
    warn('node', {
      summary,
      advice: 'Use Node 22.15 or newer for smaller downloads.',
      fields: { version, zstd },
    }),
  ];
};
