/** How fast bytes come, over a sliding window so that the figure follows the network. */
export class Transfer {
  #samples: { at: number; received: number }[] = [];
  readonly #windowMs = 3000;

  /** @param at milliseconds of a monotonic clock */
  add(received: number, at: number): void {
    this.#samples.push({ at, received });
    this.#samples = this.#samples.filter((sample) => at - sample.at <= this.#windowMs);
  }

  /** Bytes a second; undefined until two samples are there. */
  get rate(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return undefined;
    return ((last.received - first.received) * 1000) / (last.at - first.at);
  }

  /** Seconds until `total` is here; undefined where nobody can tell. */
  secondsLeft(total: number | null): number | undefined {
    const { rate } = this;
    const received = this.#samples.at(-1)?.received;
    if (rate === undefined || rate <= 0 || received === undefined || total === null)
      return undefined;
    return (total - received) / rate;
  }
}
