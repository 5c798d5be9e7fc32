/** Answers every request on all addresses of this machine: `node servers.ts PORT`, in a process of its own. */
import { createServer } from 'node:http';

createServer((_, response) => response.end('ok')).listen(Number(process.argv[2]), '0.0.0.0', () => process.stdout.write('listening\n'));
