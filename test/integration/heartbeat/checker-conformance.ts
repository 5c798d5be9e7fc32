import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { Checker, Finding } from '../../../src/heartbeat/checker.ts';
import { RawServer } from './servers.ts';

export function check(checker: Checker, port: number, host = '127.0.0.1'): Promise<Finding> {
  return new Promise((resolve) => {
    checker.start({ host, port, tls: null, preface: null, lookup }, resolve);
  });
}

export interface Server {
  /** What it does with a connection; `received`: all that has come so far. */
  readonly serve: (socket: Socket, received: () => string) => void;
  /** What the check finds; null: nothing, it goes on until it is given up. */
  readonly finding: Finding | null;
}

/** Turns of the event loop in which a finding that must not come would have come. */
const TURNS = 50;

const answerHttp: Server['serve'] = (socket) => {
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
};

/** What every checker must do; `servers`: how each kind of server is judged by this one; `answer`: what a good one does. */
export function checkerConformance(name: string, checker: Checker, servers: Record<string, Server>, answer = answerHttp): void {
  describe(`${name} check conforms`, () => {
    for (const [title, { serve, finding }] of Object.entries(servers)) {
      it(`${title}: ${finding ?? 'nothing found, until given up'}`, async () => {
        const server = await RawServer.start(serve);
        try {
          if (finding !== null) assert.equal(await check(checker, server.port), finding);
          else await findsNothing(checker, server);
        } finally {
          await server.close();
        }
      });
    }

    it('nobody listens: HeartbeatRefused', async () => {
      assert.equal(await check(checker, await RawServer.closedPort()), 'HeartbeatRefused');
    });

    it('a name that does not resolve: HeartbeatRefused', async () => {
      // A label of 64 characters is refused without asking anybody.
      assert.equal(await check(checker, 80, `${'x'.repeat(64)}.invalid`), 'HeartbeatRefused');
    });

    it('given up before the connection stands: not a word, and the connection goes', async () => {
      const server = await RawServer.start(() => {});
      const findings: Finding[] = [];
      checker.start({ host: '127.0.0.1', port: server.port, tls: null, preface: null, lookup }, (finding) => findings.push(finding))();
      await turns();
      await server.quiet();
      assert.deepEqual(findings, []);
      await server.close();
    });

    it('done is never called before start returns', async () => {
      const port = await RawServer.closedPort();
      let returned = false;
      await new Promise<void>((resolve) => {
        checker.start({ host: '127.0.0.1', port, tls: null, preface: null, lookup }, () => {
          assert.ok(returned);
          resolve();
        });
        returned = true;
      });
    });

    it('an answered check ends its connection politely: no reset for the server to log', async () => {
      const server = await RawServer.start(answer);
      assert.equal(await check(checker, server.port), 'HeartbeatAnswered');
      while (server.connections.length === 0) await turns();
      await server.quiet();
      assert.deepEqual(server.errors, []);
      await server.close();
    });
  });
}

async function findsNothing(checker: Checker, server: RawServer): Promise<void> {
  const findings: Finding[] = [];
  const giveUp = checker.start({ host: '127.0.0.1', port: server.port, tls: null, preface: null, lookup }, (finding) =>
    findings.push(finding),
  );
  while (server.connections.length === 0) await turns();
  await turns();
  assert.deepEqual(findings, []);
  giveUp();
  await Promise.all(server.connections.map((socket) => socket.closed || once(socket, 'close')));
  assert.deepEqual(findings, []);
}

async function turns(): Promise<void> {
  for (let i = 0; i < TURNS; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
