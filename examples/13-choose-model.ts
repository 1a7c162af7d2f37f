// The best model that is offered, at its highest effort.
import { Codex, type protocol } from 'codex-runtime/app-server';

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

function bestModel(models: readonly protocol.Model[]): protocol.Model {
  const visible = models.filter(({ hidden }) => !hidden);
  const names = new Set(visible.flatMap(({ id, model }) => [id, model]));
  const current = visible.filter(({ upgrade }) => upgrade === null || !names.has(upgrade));
  const best =
    current.find(({ isDefault }) => isDefault) ?? current.at(0) ?? visible.at(0) ?? models.at(0);
  if (best === undefined) throw new Error('The server offers no model.');
  return best;
}

function highestEffort({ supportedReasoningEfforts }: protocol.Model): string {
  const offered = supportedReasoningEfforts.map(({ reasoningEffort }) => reasoningEffort);
  return EFFORTS.findLast((effort) => offered.includes(effort)) ?? 'medium';
}

await using codex = await Codex.start({ provision: '0.171.0' });
const { data } = await codex.models({ includeHidden: true });
const { model } = bestModel(data);
const effort = highestEffort(bestModel(data));
console.log('selected model:', model);
console.log('selected effort:', effort);

const thread = await codex.startThread({ model, config: { model_reasoning_effort: effort } });
const first = await thread.run('Give one short sentence about reliable production releases.');
console.log('answer:', first.finalResponse);

const second = await thread.run('Now as a plan with three steps.', {
  model,
  effort,
  approvalPolicy: 'never',
  summary: 'concise',
});
console.log('plan:', second.finalResponse);
console.log('usage:', second.usage?.total.totalTokens, 'tokens');
