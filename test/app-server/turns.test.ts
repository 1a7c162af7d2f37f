import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Codex } from '../../src/app-server/index.ts';
import { type CodexHome, makeCodexHome } from '../support/codex-home.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { realRuntime } from '../support/real-runtime.ts';

describe.each(['0.115.0', '0.169.0'])('a turn on Codex %s', (version) => {
  let codexPath: string;
  let model: ModelServer;
  let home: CodexHome;

  beforeAll(async () => {
    codexPath = join(await realRuntime(version), 'bin', 'codex');
  });

  afterEach(async () => {
    await home.remove();
    await model.close();
  });

  it('runs to its final response', async () => {
    model = await startModelServer(() => ({ kind: 'text', text: 'Hello there my friend' }));
    home = await makeCodexHome(model.url);
    await using codex = await Codex.start({ codexPath, env: home.env, cwd: home.work });
    expect(codex.metadata.serverVersion).toBe(version);
    const thread = await codex.startThread({ cwd: home.work });
    const result = await thread.run('hi');
    expect(result).toMatchObject({ status: 'completed', finalResponse: 'Hello there my friend' });
    expect(result.usage?.last.totalTokens).toBe(15);
  });
});
