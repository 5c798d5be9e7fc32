import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { LoadBalancedService } from '../../../src/api/v1alpha1/types.ts';
import { ConfigError } from '../../../src/config/errors.ts';
import { parseBalancerConfig } from '../../../src/config/parse-balancer-config.ts';
import { parseResources } from '../../../src/config/parse-resources.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';

const folder = join(import.meta.dirname, 'golden');
/** As an operator gives it. */
const EGRESS = { allowedAddresses: ['10.0.0.0/8'], apiServers: ['10.96.0.1'] };

function read(file: string): LoadBalancedService {
  const { resources, issues } = parseResources(readFileSync(join(folder, file), 'utf8'), file);
  assert.deepEqual(issues, []);
  const [parsed] = resources;
  assert.ok(parsed);
  return parsed.resource;
}

/** `UPDATE=1 node --test test/unit/config/resolve.test.ts` writes the outcome down; read the difference before you commit it. */
suite('a resource gives the configuration beside it', () => {
  for (const input of globSync('*.in.yaml', { cwd: folder })) {
    for (const mode of ['cluster', 'local'] as const) {
      const output = input.replace('.in.yaml', `.${mode}.out.json`);
      test(output, () => {
        const config = resolveConfig(read(input), mode === 'cluster' ? { mode, egress: EGRESS } : { mode });
        if (process.env.UPDATE === '1') writeFileSync(join(folder, output), `${JSON.stringify(config, null, 2)}\n`);
        assert.deepEqual(config, JSON.parse(readFileSync(join(folder, output), 'utf8')));
      });
      test(`${output} is read back as it was written`, () => {
        const config = resolveConfig(read(input), mode === 'cluster' ? { mode, egress: EGRESS } : { mode });
        assert.deepEqual(parseBalancerConfig(JSON.stringify(config)), config);
      });
    }
  }
});

suite('ports that are moved in local mode', () => {
  const resource = read('everything.in.yaml');
  const bound = (...overrides: [string, number][]) =>
    resolveConfig(resource, { mode: 'local', portOverrides: new Map(overrides) }).listeners.map(({ bindPort }) => bindPort);

  test('an override moves one port and leaves the others', () => assert.deepEqual(bound(['http', 8080]), [8080, 10_080, 443]));
  test('several may be left to the system', () => assert.deepEqual(bound(['http', 0], ['db', 0]), [0, 0, 443]));
  test('an override of a port that is not there names those that are', () => {
    assert.throws(
      () => bound(['web', 8080]),
      (error) =>
        error instanceof ConfigError &&
        error.code === 'ConfigPort' &&
        /no port named web; spec.ports has http, db, https/.test(error.message),
    );
  });
  test('two ports on one are refused', () => {
    assert.throws(() => bound(['http', 10_080]), /the ports http and db would both listen on 10080/);
  });
});

test('in local mode the files of a Secret are where it is said, under any name', () => {
  const secrets = new Map([
    ['shop-tls', 'certificates/shop'],
    ['blog.tls', '/blog'],
    ['clients', '.'],
  ]);
  const { listeners } = resolveConfig(read('everything.in.yaml'), { mode: 'local', secrets });
  assert.deepEqual(listeners[2]?.tls, {
    certificates: [
      { secret: 'shop-tls', certificate: 'certificates/shop/tls.crt', key: 'certificates/shop/tls.key' },
      { secret: 'blog.tls', certificate: '/blog/tls.crt', key: '/blog/tls.key' },
    ],
    minVersion: '1.3',
    clientCa: { secret: 'clients', file: './ca.crt' },
  });
});
