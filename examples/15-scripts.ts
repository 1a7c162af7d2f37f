// Scripts without a model: run one, let it yield, and keep a value for the next.
import { CodeMode, renderResult } from 'codex-runtime/code-mode';

await using codeMode = await CodeMode.start({
  tools: [
    {
      name: 'slow',
      run: () => new Promise((resolve) => setTimeout(resolve, 1_000, 'slow answer')),
    },
  ],
});

const first = await codeMode.exec(
  'text("asking"); yield_control(); const answer = await tools.slow(); store("answer", answer); text(answer)',
);
console.log(`first: ${first.status}`);
const rest = await codeMode.wait(first.cellId);
console.log(`then: ${rest.status}`);
const second = await codeMode.exec('text("kept: " + load("answer"))');
for (const item of renderResult(second)) if (item.type === 'text') console.log(item.text);
