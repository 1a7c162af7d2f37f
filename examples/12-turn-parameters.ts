// One turn with every common parameter.
import { Codex } from 'codex-runtime/app-server';

const outputSchema = {
  type: 'object',
  properties: {
    summary: { type: 'string' },
    actions: { type: 'array', items: { type: 'string' } },
  },
  required: ['summary', 'actions'],
  additionalProperties: false,
};

await using codex = await Codex.start({ provision: '0.171.0' });
const thread = await codex.startThread({
  developerInstructions: 'Prefer small, reversible steps.',
});
const result = await thread.run(
  'Analyze a safe rollout plan for enabling a feature flag in production. ' +
    'Return JSON matching the requested schema.',
  {
    approvalPolicy: 'never',
    cwd: process.cwd(),
    effort: 'medium',
    model: 'gpt-5.4',
    outputSchema,
    personality: 'pragmatic',
    sandboxPolicy: { type: 'readOnly', networkAccess: false },
    summary: 'concise',
  },
);
console.log('Status:', result.status);
console.log('Text:', result.finalResponse);
console.log('Usage:', JSON.stringify(result.usage?.last));
