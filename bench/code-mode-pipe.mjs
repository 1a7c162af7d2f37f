/** Calls its parent over a bare pipe, a JSON line each way: BENCH_CALLS calls, BENCH_AT_ONCE at a time. */
const calls = Number(process.env.BENCH_CALLS);
const atOnce = Number(process.env.BENCH_AT_ONCE);
const waiting = new Map();
let held = '';
let next = 0;
process.stdin.setEncoding('utf8').on('data', (text) => {
  const lines = (held + text).split('\n');
  held = lines.pop();
  for (const line of lines) {
    const { id, value } = JSON.parse(line);
    waiting.get(id)(value);
    waiting.delete(id);
  }
});
const call = (key) =>
  new Promise((resolve) => {
    const id = ++next;
    waiting.set(id, resolve);
    process.stdout.write(`${JSON.stringify({ id, tool: 'echo', input: { key } })}\n`);
  });
for (let done = 0; done < calls; done += atOnce) {
  await Promise.all(Array.from({ length: atOnce }, (_, n) => call(done + n)));
}
process.stdout.write('{"over":true}\n');
process.stdin.destroy();
