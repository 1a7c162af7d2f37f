// Preloaded into a measured process: leaves its peak resident set, in KiB, in a file.
const { readFileSync, writeFileSync } = require('node:fs');

// Linux counts into `maxRSS` what the parent had when it forked; VmHWM is this process alone.
function peakKb() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

process.on('exit', () => {
  writeFileSync(process.env.BENCH_PEAK_FILE, String(peakKb()));
});
