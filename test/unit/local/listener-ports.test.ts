import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ParsedResource, parseResources } from '../../../src/config/parse-resources.ts';
import { assignPorts, listenerUrl, portProblem, rejectClashes, rejectUnusedServices } from '../../../src/local/listener-ports.ts';
import { planLocally } from '../../../src/local/local-plan.ts';

function resource(name: string, ports: string): ParsedResource {
  const text = `apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: ${name}}
spec:
  ports: [${ports}]
  backends: [{name: fixed, type: Addresses, addresses: [{host: localhost, port: 9001, portName: http}]}]
`;
  const [parsed] = parseResources(text, `${name}.yaml`).resources;
  assert.ok(parsed);
  return parsed;
}

const shop = resource('shop', '{name: http, port: 80}');
const blog = resource('blog', '{name: http, port: 80}');

describe('assignPorts', () => {
  test('the one resource that has such a port gets it', () => {
    assert.deepEqual(assignPorts([{ resource: null, listener: 'http', port: 8080 }], [shop]).get('shop'), new Map([['http', 8080]]));
  });

  test('a resource can be named', () => {
    const assigned = assignPorts([{ resource: 'blog', listener: 'http', port: 8081 }], [shop, blog]);
    assert.deepEqual([assigned.get('shop')?.size, assigned.get('blog')?.get('http')], [0, 8081]);
  });

  test('no such port: those that there are are named', () => {
    assert.throws(() => assignPorts([{ resource: null, listener: 'htpt', port: 8080 }], [shop, blog]), {
      code: 'Usage',
      message: '--port htpt=8080: there is no such port; there are shop/http, blog/http',
    });
  });

  test('two resources have such a port: say which', () => {
    assert.throws(() => assignPorts([{ resource: null, listener: 'http', port: 8080 }], [shop, blog]), {
      code: 'Usage',
      message: '--port http=8080: shop and blog both have such a port: write --port shop/http=8080',
    });
  });
});

describe('rejectClashes', () => {
  const plans = (shopPort: number, blogPort: number) =>
    new Map(
      [shop, blog].map((parsed, index) => {
        const ports = new Map([['http', index === 0 ? shopPort : blogPort]]);
        const { plan } = planLocally(parsed, { ports, resolve: new Map(), secrets: new Map(), generation: 1, uid: '' });
        assert.ok(plan);
        return [parsed, plan] as const;
      }),
    );

  test('two resources on one port are refused, with the line of the second', () => {
    assert.throws(() => rejectClashes(plans(8000, 8000)), {
      code: 'Port',
      message: 'blog.yaml:5:24: blog/http and shop/http would both listen on port 8000: move one of them with --port blog/http=PORT',
    });
  });

  test('two ports, or ports that the system chooses, do not clash', () => {
    rejectClashes(plans(8000, 8001));
    rejectClashes(plans(0, 0));
  });
});

test('--resolve of a Service that nobody uses is refused', () => {
  assert.throws(() => rejectUnusedServices(new Map([['old', []]]), [shop]), {
    message: '--resolve old=...: no backend uses a Service of that name; none is used',
  });
});

describe('listenerUrl', () => {
  test('all addresses are reached on loopback', () => {
    assert.equal(listenerUrl('HTTP', '0.0.0.0', 8000), 'http://127.0.0.1:8000');
    assert.equal(listenerUrl('HTTP', '::', 8000), 'http://[::1]:8000');
  });
  test('a TCP port has its own scheme', () => assert.equal(listenerUrl('TCP', '127.0.0.1', 5432), 'tcp://127.0.0.1:5432'));
});

test('each thing that hinders listening has its sentence', () => {
  const sentence = (code: string) => portProblem(Object.assign(new Error('why'), { code }), 'port 80 of ::1', 'take another').message;
  assert.equal(sentence('EADDRINUSE'), 'port 80 of ::1 is in use by another program: stop that, or take another');
  assert.equal(sentence('EACCES'), 'port 80 of ::1 may not be listened on by this user: take another');
  assert.match(sentence('EADDRNOTAVAIL'), /not an address of this machine; give another with --address/);
  assert.equal(sentence('EMFILE'), 'port 80 of ::1 cannot be listened on: why');
});
