import type { Command } from 'commander';
import { Worker } from '../balancer/worker.ts';
import type { FromWorker, ToWorker } from '../balancer/worker-messages.ts';
import { UsageError } from './failure.ts';

/** What a balancer that does not take messages any more may make us hold; what comes after is lost. */
const HELD_MESSAGES = 10_000;

/** `evenkeel worker`: one of the processes that take the requests of a balancer. */
export function configure(command: Command): void {
  command.action(serve);
}

function serve(): void {
  if (!process.send) throw new UsageError('a worker is started by its balancer: see spec.balancer.dedicated.workers');
  let worker: Worker | null = null;
  // Whoever ends the balancer ends us with it: a Ctrl-C reaches all processes at once, and the balancer says when we may go.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ToWorker) => {
    if (message.type === 'Start') worker = new Worker(message, send);
    else void worker?.tell(message).then(() => (message.type === 'Close' ? process.disconnect() : undefined));
  });
}

let held = 0;

function send(message: FromWorker): void {
  if (!process.connected || held >= HELD_MESSAGES) return;
  held += 1;
  process.send?.(message, undefined, undefined, () => {
    held -= 1;
  });
}
