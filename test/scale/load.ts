/** Requests at an even pace through a balancer: `node load.ts PORT PER_SECOND`; on SIGTERM it prints how many failed and ends. */
import { Agent, get } from 'node:http';

const [port, perSecond] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const began = performance.now();
let sent = 0;
const failed: Record<string, number> = {};
const count = (what: string): void => {
  failed[what] = (failed[what] ?? 0) + 1;
};

const timer = setInterval(() => {
  const due = ((performance.now() - began) / 1000) * (perSecond ?? 0);
  for (; sent < due; sent++) {
    get({ host: '127.0.0.1', port, agent, timeout: 5_000 }, (response) => {
      if (response.statusCode !== 200) count(String(response.statusCode));
      response.resume();
    }).on('error', ({ message }) => count(message));
  }
}, 5);

process.on('SIGTERM', () => {
  clearInterval(timer);
  process.stdout.write(`${JSON.stringify({ sent, failed })}\n`, () => process.exit(0));
});
