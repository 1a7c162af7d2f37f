import { join } from 'node:path';
import { pause, throwIfAborted } from '../../abort.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../../errors.ts';
import type { Registry } from '../../fetch/npm/index.ts';
import type { PackedFile } from '../pack/index.ts';
import { answerOf, type NpmClient } from './npm-client.ts';
import type { PublishStep } from './plan-publish.ts';
import { loadPublished, loadVisible, type Published } from './published.ts';

export interface Publishing {
  readonly directory: string;
  readonly client: NpmClient;
  readonly registry: Registry;
  /** How long the registry may take to show a change, in ms. */
  readonly within: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes one change to the registry, or waits until everybody sees those before.
 * @throws CodexRuntimeError `PUBLISH_FAILED` with npm's words, `ABORTED`
 */
export async function applyStep(step: PublishStep, publishing: Publishing): Promise<void> {
  const { client, directory } = publishing;
  switch (step.action) {
    case 'present':
    // Done by `stageRelease`, which asks the registry for more than one step needs.
    case 'stage':
      return;
    case 'publish':
      return await change(publishing, {
        name: step.file.package.name,
        act: () =>
          client.publish(join(directory, step.file.path), step.file.package.name, step.tag),
        isDone: (published) => shows(published, step.file),
      });
    case 'await':
      for (const file of step.files) await untilVisible(file, publishing);
      return;
    case 'tag':
      return await change(publishing, {
        name: step.name,
        act: () => client.tag(step.name, step.version, step.tag),
        isDone: ({ tags }) => tags[step.tag] === step.version,
      });
    case 'untag':
      return await change(publishing, {
        name: step.name,
        act: () => client.untag(step.name, step.tag),
        isDone: ({ tags }) => tags[step.tag] === undefined,
      });
  }
}

/**
 * Whether the registry has the file.
 * @throws CodexRuntimeError `PUBLISH_FAILED` when it has other bytes under this version
 */
function shows({ versions }: Published, { package: inside, integrity }: PackedFile): boolean {
  const { name, version } = inside;
  const actual = versions[version];
  if (actual === undefined || actual === integrity) return actual !== undefined;
  throw new CodexRuntimeError(
    'PUBLISH_FAILED',
    `The registry has another build of ${name}@${version} than this release.`,
    {
      hint: 'Published versions cannot change. Find out who published it; then publish a new version.',
      fields: { package: name, version, expected: integrity, actual },
    },
  );
}

interface Change {
  /** The package. */
  readonly name: string;
  readonly act: () => Promise<void>;
  /** Whether what the registry has is what the change is for. */
  readonly isDone: (published: Published) => boolean;
}

/** npm tries again what a server fails at, but not what it calls a conflict. */
const TRIES = 5;

/** How long a change that npm calls failed may take to be seen after all, in ms. */
const LOST_MS = 10_000;

/**
 * What counts is what the registry has afterwards, not what it answered: an answer may be lost on the
 * way, and another publisher of the same release may have been faster.
 */
async function change(publishing: Publishing, { name, act, isDone }: Change): Promise<void> {
  const { within, signal } = publishing;
  const deadline = performance.now() + within;
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await act();
    } catch (error) {
      throwIfAborted(signal);
      const answer = answerOf(error);
      const patience = { taken: within, lost: Math.min(within, LOST_MS), busy: 0, refused: 0 };
      const until = performance.now() + patience[answer];
      if (await becomes(publishing, { name, until, isDone })) return;
      if (answer !== 'busy' || left === 0 || performance.now() > deadline) throw error;
      await pause(POLL_MS, signal);
    }
  }
}

interface Expected extends Pick<Change, 'name' | 'isDone'> {
  /** As `performance.now()` tells it. */
  readonly until: number;
}

/** Whether the registry has it now, or has it before the time is over; a failed read does not count. */
async function becomes(
  { registry, signal }: Publishing,
  { name, until, isDone }: Expected,
): Promise<boolean> {
  for (;;) {
    const published = await unlessUnavailable(loadPublished(registry, name, signal));
    if (published !== null && isDone(published)) return true;
    if (performance.now() > until) return false;
    await pause(POLL_MS, signal);
  }
}

async function unlessUnavailable<T>(loading: Promise<T>): Promise<T | null> {
  return await loading.catch((error: unknown) => {
    if (isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) return null;
    throw error;
  });
}

const POLL_MS = 1000;

/** Registries answer from caches: what was published may not be seen yet, or not be answered for. */
async function untilVisible(
  file: PackedFile,
  { registry, within, signal }: Publishing,
): Promise<void> {
  const { name, version } = file.package;
  const deadline = performance.now() + within;
  for (;;) {
    let cause: unknown;
    const visible = await loadVisible(registry, name, signal).catch((error: unknown) => {
      if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
      cause = error;
      return null;
    });
    if (visible !== null && shows(visible, file)) return;
    if (performance.now() > deadline) {
      throw new CodexRuntimeError(
        'PUBLISH_FAILED',
        `${name}@${version} was published, but the registry does not show it yet.`,
        {
          hint: 'Run the same command again: it continues where it stopped.',
          fields: { package: name, version, expected: file.integrity, actual: null },
          cause,
        },
      );
    }
    await pause(POLL_MS, signal);
  }
}
