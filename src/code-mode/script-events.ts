import type { Cell } from './cell.ts';
import type { GuestEvent, GuestMessage } from './protocol.ts';
import type { StoredValues } from './stored-values.ts';
import type { ToolRunner } from './tool-runner.ts';

export interface EventTargets {
  readonly runner: ToolRunner;
  readonly stored: StoredValues;
  readonly onNotify: ((text: string, cellId: string) => void) | undefined;
  /** Every running script but `cell` hears of what it stored. */
  tellOthers(cell: Cell, message: GuestMessage): void;
  /** The stored values have no room for another. */
  onStoreFull(cell: Cell): void;
}

/** Does what a script asks for, event by event. */
export function takeEvents(cell: Cell, events: readonly GuestEvent[], targets: EventTargets): void {
  for (const event of events) take(cell, event, targets);
}

function take(cell: Cell, event: GuestEvent, targets: EventTargets): void {
  switch (event.t) {
    case 'text':
      cell.write(event, { type: 'text', text: event.text });
      return;
    case 'image':
      cell.write(event, { type: 'image', url: event.url });
      return;
    case 'notify':
      notify(cell, event, targets.onNotify);
      return;
    case 'call':
      targets.runner.call(cell, event);
      return;
    case 'pending':
      targets.runner.repeat(cell, event.ids);
      return;
    case 'store':
      if (targets.stored.set(event.key, event.json)) {
        targets.tellOthers(cell, { t: 'stored', key: event.key, json: event.json });
      } else targets.onStoreFull(cell);
      return;
    case 'yield':
      cell.yield();
  }
}

function notify(
  cell: Cell,
  event: Extract<GuestEvent, { t: 'notify' }>,
  tell: EventTargets['onNotify'],
): void {
  if (tell === undefined) cell.write(event, { type: 'text', text: event.text });
  else if (cell.count(event)) queueMicrotask(() => tell(event.text, String(cell.id)));
}
