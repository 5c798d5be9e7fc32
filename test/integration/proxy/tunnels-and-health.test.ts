/** Tunnels take part in health and draining: over TCP, and those that were requests with an Upgrade. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import type { BalancerConfig } from '../../../src/model/config.ts';
import { RawClient } from '../../support/raw-client.ts';
import { balancerConfig, type ConfigChanges, endpointAt, type StartedBalancer, startBalancer } from '../../support/start-balancer.ts';
import { until } from '../../support/until.ts';

const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** Says its name on each connection, at first and with all that it hears. */
class NamedTunnelServer implements AsyncDisposable {
  readonly name: string;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(name: string, upgraded: boolean) {
    this.name = name;
    this.#server = createServer((socket) => {
      this.#sockets.push(socket);
      socket.on('error', () => {});
      const speak = () => {
        socket.write(`${upgraded ? SWITCHED : ''}${name} `);
        socket.on('data', (chunk: Buffer) => socket.write(`${name}:${chunk.toString('latin1')} `));
      };
      if (upgraded) socket.once('data', speak);
      else speak();
    });
  }

  static async start(name: string, upgraded: boolean): Promise<NamedTunnelServer> {
    const server = new NamedTunnelServer(name, upgraded);
    await once(server.#server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Those that it has go on. */
  takeNoMore(): void {
    this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) this.#server.close();
  }
}

interface Kind {
  readonly upgraded: boolean;
  config(changes: ConfigChanges): BalancerConfig;
}

const KINDS: Record<string, Kind> = {
  TCP: { upgraded: false, config: (changes) => balancerConfig({ listeners: [{ protocol: 'TCP' }], ...changes }) },
  WebSocket: { upgraded: true, config: balancerConfig },
};

/** A tunnel, and the name of the server at its other end. */
async function tunnel({ port }: StartedBalancer, { upgraded }: Kind): Promise<{ client: RawClient; name: string }> {
  const client = await RawClient.connect(port);
  if (upgraded) client.say(UPGRADE);
  await client.hear(/(one|two) $/);
  return { client, name: /(one|two) $/.exec(client.heard)?.[1] ?? '' };
}

async function echoes(client: RawClient, name: string): Promise<void> {
  client.heard = '';
  await client.say('hi').hear(`${name}:hi `);
}

for (const [sort, kind] of Object.entries(KINDS)) {
  test(`${sort}: a server that is out gets no new tunnel, and the one that it has goes on`, async () => {
    await using one = await NamedTunnelServer.start('one', kind.upgraded);
    await using two = await NamedTunnelServer.start('two', kind.upgraded);
    const oneId = endpointAt(one.port).id;
    await using started = await startBalancer([one.port, two.port], kind.config({}));
    const tunnels = [await tunnel(started, kind), await tunnel(started, kind)];
    const ofOne = tunnels.find(({ name }) => name === 'one');
    assert.ok(ofOne, 'one of two goes to each');
    one.takeNoMore();
    await until(
      () => started.balancer.endpoints().some(({ endpoint, state }) => endpoint.id === oneId && state === 'Unhealthy'),
      'it is out',
    );
    const before = started.balancer.metrics().match(/^evenkeel_retries_total.*$/gm);
    for (let n = 0; n < 4; n++) {
      const { client, name } = await tunnel(started, kind);
      assert.equal(name, 'two');
      client.socket.destroy();
    }
    assert.deepEqual(started.balancer.metrics().match(/^evenkeel_retries_total.*$/gm), before, 'nobody had to be sent on');
    await echoes(ofOne.client, 'one');
    for (const { client } of tunnels) client.socket.destroy();
  });

  test(`${sort}: a server that leaves gets no new tunnel; the one that it has goes on for drainTimeout, and is cut then`, async () => {
    await using one = await NamedTunnelServer.start('one', kind.upgraded);
    await using two = await NamedTunnelServer.start('two', kind.upgraded);
    await using started = await startBalancer([one.port, two.port], kind.config({ failover: { drainTimeoutMs: 700 } }));
    const tunnels = [await tunnel(started, kind), await tunnel(started, kind)];
    const ofOne = tunnels.find(({ name }) => name === 'one');
    const ofTwo = tunnels.find(({ name }) => name === 'two');
    assert.ok(ofOne && ofTwo, 'one of two goes to each');
    started.balancer.applyEndpoints([endpointAt(two.port)], false);
    await echoes(ofOne.client, 'one');
    for (let n = 0; n < 4; n++) {
      const { client, name } = await tunnel(started, kind);
      assert.equal(name, 'two');
      client.socket.destroy();
    }
    await until(() => ofOne.client.ended !== 'no', 'it is cut');
    await echoes(ofTwo.client, 'two');
    ofTwo.client.socket.destroy();
  });

  test(`${sort}: a balancer that goes down lets a tunnel go on for its time, and then cuts it`, async () => {
    await using one = await NamedTunnelServer.start('one', kind.upgraded);
    await using started = await startBalancer([one.port], kind.config({}));
    const { client } = await tunnel(started, kind);
    const over = started.balancer.drain(1_000);
    await echoes(client, 'one');
    await over;
    await until(() => client.ended !== 'no', 'it is cut');
  });
}
