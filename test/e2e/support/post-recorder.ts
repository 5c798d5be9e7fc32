/**
 * Loaded into a server (`node --import`), in whose pod this one file is mounted (see recorded-posts.ts); imports nothing of ours. Tells the
 * load agent, whose address is $POST_RECORDER, of each POST that the server has read whole, before the server itself handles it: a line with
 * its X-Id and the server's name. A server that cannot tell does not run.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';

const recorder = connect({ host: process.env.POST_RECORDER ?? '', port: 8002, noDelay: true }).unref();

subscribe('http.server.request.start', (message) => {
  const { request } = message as { request: IncomingMessage };
  if (request.method === 'POST') request.once('end', () => recorder.write(`${request.headers['x-id']} ${hostname()}\n`));
});
