/** Requests at an even pace through a balancer: `node load.ts PORT PER_SECOND`; on SIGTERM it prints how many failed and ends. */
import { Agent, get } from 'node:http';

const [port, perSecond] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const began = performance.now();
let sent = 0;
let ended = 0;
const failed: Record<string, number> = {};
const count = (what: string, times = 1): void => {
  failed[what] = (failed[what] ?? 0) + times;
};
/** After the end, for what is still to be answered. */
const PATIENCE_MS = 5_000;

const timer = setInterval(() => {
  const due = ((performance.now() - began) / 1000) * (perSecond ?? 0);
  for (; sent < due; sent++) {
    const request = get({ host: '127.0.0.1', port, agent, timeout: PATIENCE_MS }, (response) => {
      if (response.statusCode !== 200) count(String(response.statusCode));
      response.resume();
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', ({ message }) => count(message));
    request.on('close', () => {
      ended++;
      if (stopped && ended === sent) tell();
    });
  }
}, 5);

let stopped = false;
process.on('SIGTERM', () => {
  stopped = true;
  clearInterval(timer);
  if (ended === sent) tell();
  else setTimeout(tell, PATIENCE_MS);
});

function tell(): void {
  if (ended < sent) count('never answered', sent - ended);
  process.stdout.write(`${JSON.stringify({ sent, failed })}\n`, () => process.exit(0));
}
