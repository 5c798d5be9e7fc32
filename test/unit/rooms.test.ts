import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

/** Room -> the rooms that it may import. ARCHITECTURE.md shows the same table; a room imports itself freely. */
const PURE = ['api', 'model'];
const ROOMS: Record<string, readonly string[]> = {
  model: [],
  api: ['model'],
  balancing: PURE,
  health: PURE,
  http1: PURE,
  http2: [...PURE, 'http1'],
  preamble: PURE,
  config: PURE,
  egress: PURE,
  resources: PURE,
  status: PURE,
  telemetry: PURE,
  tls: [...PURE, 'egress', 'preamble', 'telemetry'],
  heartbeat: [...PURE, 'health', 'http1', 'preamble', 'telemetry', 'tls'],
  proxy: [...PURE, 'balancing', 'health', 'http1', 'http2', 'preamble', 'telemetry', 'tls'],
  kube: [...PURE, 'config', 'resources', 'telemetry'],
  operator: [...PURE, 'config', 'egress', 'resources', 'status', 'kube', 'telemetry'],
  balancer: [...PURE, 'balancing', 'egress', 'health', 'http1', 'config', 'status', 'telemetry', 'tls', 'proxy', 'heartbeat'],
  local: [...PURE, 'config', 'status', 'resources', 'http1', 'telemetry', 'tls'],
  cli: [...PURE, 'config', 'status', 'resources', 'kube', 'operator', 'balancer', 'local', 'telemetry'],
  main: ['cli'],
};
/** Rooms without I/O, timers, clock or randomness of their own. */
const PURE_ROOMS = ['model', 'api', 'balancing', 'health', 'http1', 'http2', 'preamble', 'config', 'egress', 'resources', 'status'];
/** Node modules that pure rooms may use: computation only. */
const PURE_NODE_MODULES = ['node:buffer', 'node:crypto', 'node:net#isIP', 'node:net#BlockList,isIP'];
const IMPURE_GLOBALS = /\b(?:setTimeout|setInterval|setImmediate|Date\.now|performance\.now|Math\.random|process\.)/;

const root = join(import.meta.dirname, '../..');
const sources = globSync('src/**/*.ts', { cwd: root });
const room = (file: string) => (file === 'src/main.ts' ? 'main' : (file.split('/')[1] ?? ''));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly names: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+([^'";]*?)\s*(?:from\s*)?'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...statements].map((match) => ({ from: file, to: match[2] ?? match[3] ?? '', names: match[1] ?? '' }));
}

const imports = sources.flatMap(importsOf);
const ours = imports
  .filter((each) => each.to.startsWith('.'))
  .map((each) => ({ ...each, to: relative(root, join(root, dirname(each.from), each.to)) }))
  .filter((each) => each.to.startsWith('src/'));

test('every source file stands in a room of the table', () => {
  assert.deepEqual(
    [...new Set(sources.map(room))].filter((name) => !ROOMS[name]),
    [],
  );
});

test('rooms import only what the table allows them', () => {
  const wrong = ours.filter(({ from, to }) => room(from) !== room(to) && !ROOMS[room(from)]?.includes(room(to)));
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('no file takes part in a cycle of imports', () => {
  const edges = new Map<string, string[]>();
  for (const { from, to } of ours) edges.set(from, [...(edges.get(from) ?? []), to]);
  assert.deepEqual(
    [...edges.keys()].filter((file) => reaches(edges, file, file)),
    [],
  );
});

function reaches(edges: Map<string, string[]>, start: string, goal: string): boolean {
  const seen = new Set<string>();
  const open = [...(edges.get(start) ?? [])];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (file === goal) return true;
    if (seen.has(file)) continue;
    seen.add(file);
    open.push(...(edges.get(file) ?? []));
  }
  return false;
}

test('pure rooms use no clock, timer, randomness, environment, socket or file', () => {
  const pure = sources.filter((file) => PURE_ROOMS.includes(room(file)));
  const modules = imports
    .filter(({ from, to }) => PURE_ROOMS.includes(room(from)) && to.startsWith('node:'))
    .filter(({ to, names }) => !PURE_NODE_MODULES.includes(to) && !PURE_NODE_MODULES.includes(`${to}#${names.replace(/[{}\s]/g, '')}`));
  assert.deepEqual(
    modules.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
  const code = (file: string) => readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  assert.deepEqual(
    pure.filter((file) => IMPURE_GLOBALS.test(code(file))),
    [],
  );
});

test('nothing that the balancer or local mode loads imports client-node', () => {
  const users = new Set(imports.filter(({ to }) => to === '@kubernetes/client-node').map(({ from }) => from));
  const typed = [...users].filter(
    (file) =>
      !/import type[^;]*'@kubernetes\/client-node'|import\('@kubernetes\/client-node'\)/.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.deepEqual(typed, [], 'client-node is loaded by a dynamic import only');
});
