// Trying again while the model is overloaded, and telling the other failures apart.
import {
  Codex,
  InvalidRequestError,
  RetryLimitExceededError,
  retryOnOverload,
  TransportClosedError,
  TurnFailedError,
} from 'codex-runtime/app-server';

await using codex = await Codex.start({ provision: '0.171.0' });
const thread = await codex.startThread();

try {
  const result = await retryOnOverload(
    (attempt) => {
      console.log('Attempt:', attempt);
      return thread.run('Summarize retry best practices in 3 bullets.');
    },
    { maxAttempts: 3, initialDelayMs: 250, maxDelayMs: 2_000 },
  );
  console.log('Text:', result.finalResponse);
} catch (error) {
  if (error instanceof RetryLimitExceededError) console.log('Still overloaded:', error.message);
  else if (error instanceof TurnFailedError) console.log('Turn failed:', error.message);
  else if (error instanceof TransportClosedError) console.log('Codex is gone:', error.message);
  else throw error;
}

try {
  await codex.resumeThread('019a0000-0000-7000-8000-000000000000');
} catch (error) {
  if (!(error instanceof InvalidRequestError)) throw error;
  console.log('Refused:', error.rpcCode, error.message);
}
