/** The table of fixed limits in docs/reference.md says what the source says, and leaves nothing out. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

const root = join(import.meta.dirname, '../../..');
const CONSTANT = /^(?:export )?const ([A-Z][A-Z0-9_]*) = ([0-9][0-9_]*);/gm;
/** Names of constants that bound a time, a size or a number of things. */
const BOUND =
  /(?:_|^)(?:MS|SECONDS?|BYTES|CONNECTIONS|DIGITS|RESPONSES|HEADS|ATTEMPTS|BACKLOG|FLIGHT|KEPT|FACTOR|SAMPLES|FAILURES|REQUESTS)$/;
/** Bounds of nothing that a client, a server or an operator could run into. */
const EXEMPT = new Set([
  'listeners.ts LOOK_MS', // how soon an empty listener is seen
  'heartbeats.ts LOOK_MS', // how soon a check that is due begins
  'round.ts CATCH_UP_MS', // between two checks of a round that is late
  'grpc-health.ts PREFIX_BYTES', // of the protocol
  'codes.ts DEFAULT_WINDOW_BYTES', // the same
  'codes.ts FRAME_HEADER_BYTES',
  'frame-syntax.ts PRIORITY_BYTES',
  'hpack-decoder.ts MAX_CONTINUATION_BYTES', // of an integer: more would be over the largest
  'hpack-encoder.ts SCRATCH_BYTES', // what is larger gets memory of its own
  'huffman.ts SCRATCH_BYTES',
]);

interface Row {
  readonly value: string;
  readonly file: string;
  readonly name: string;
}

const rows: Row[] = readFileSync(join(root, 'docs/reference.md'), 'utf8')
  .split('## Fixed limits of the balancer')[1]
  ?.split('\n## ')[0]
  ?.split('\n')
  .flatMap((line) => {
    const cells = /^\| .+ \| (.+) \| .*\| `(.+)` `(.+)` \|$/.exec(line);
    return cells ? [{ value: cells[1] ?? '', file: cells[2] ?? '', name: cells[3] ?? '' }] : [];
  }) as Row[];

function constants(file: string): Map<string, number> {
  const text = readFileSync(join(root, 'src', file), 'utf8');
  return new Map([...text.matchAll(CONSTANT)].map(([, name = '', digits = '']) => [name, Number(digits.replaceAll('_', ''))]));
}

async function constantValue({ file, name }: Row): Promise<number | undefined> {
  const [object = '', property] = name.split('.');
  if (property === undefined) return constants(file).get(name);
  const module = (await import(join(root, 'src', file))) as Record<string, Record<string, number>>;
  return module[object]?.[property];
}

function written(name: string, value: number): string {
  const number = (each: number) => each.toLocaleString('en-US');
  if (/MS$/.test(name)) return value < 1_000 ? `${number(value)} ms` : `${number(value / 1_000)} s`;
  if (/_SECONDS?$/.test(name) && !name.startsWith('FLOOR')) return value === 1 ? '1 second' : `${number(value)} seconds`;
  if (/bytes$/i.test(name)) {
    if (value % 1_048_576 === 0) return `${number(value / 1_048_576)} MiB`;
    return value % 1_024 === 0 && value > 1_024 ? `${number(value / 1_024)} KiB` : `${number(value)} bytes`;
  }
  return number(value);
}

suite('fixed limits', () => {
  for (const row of rows) {
    test(`${row.file} ${row.name} is ${row.value}`, async () => {
      const value = await constantValue(row);
      assert.ok(value !== undefined, 'there is no such constant');
      assert.equal(row.value, written(row.name, value));
    });
  }

  test('every constant of the data plane that bounds something has a row', () => {
    const named = new Set(rows.map(({ file, name }) => `${file} ${name}`));
    const files = globSync(['proxy/*.ts', 'http1/*.ts', 'http2/*.ts', 'health/*.ts', 'heartbeat/*.ts', 'balancer/admin-server.ts'], {
      cwd: join(root, 'src'),
    });
    const missing = files.flatMap((file) =>
      [...constants(file).keys()]
        .filter((name) => BOUND.test(name) && !EXEMPT.has(`${file.split('/').at(-1)} ${name}`) && !named.has(`${file} ${name}`))
        .map((name) => `${file} ${name}`),
    );
    assert.deepEqual(missing, []);
  });
});
