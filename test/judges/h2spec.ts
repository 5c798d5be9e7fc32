/**
 * h2spec (https://github.com/summerwind/h2spec) against a balancer in front of one server: `make judge-http2`. Every failure must be in KNOWN
 * with its reason, and every entry of KNOWN must fail.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { named, ScriptedServer } from '../support/scripted-server.ts';
import { startBalancer } from '../support/start-balancer.ts';
import { cacheFolder } from './cache.ts';

const MODULE = 'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible';

/** By section and title of the test. */
const KNOWN: Readonly<Record<string, string>> = {
  'http2/3.5: Sends invalid connection preface': 'It is no HTTP/2, so the port answers 400 as HTTP/1.1 does, and closes',
};

function failures(report: string): string[] {
  const cases = report.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g);
  const plain = (text: string) => text.replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return [...cases]
    .filter(([, , , inside = '']) => /<(failure|error)/.test(inside))
    .map(([, section = '', title = '']) => plain(`${section}: ${title}`));
}

const folder = cacheFolder();
execFileSync('go', ['install', MODULE], { env: { ...process.env, GOBIN: folder }, stdio: 'inherit' });
await using server = await ScriptedServer.start(named('x'.repeat(100)));
await using started = await startBalancer([server.port]);
const report = join(folder, 'h2spec.xml');
const judge = spawn(join(folder, 'h2spec'), ['-h', '127.0.0.1', '-p', String(started.port), '-o', '2', '-j', report], { stdio: 'ignore' });
await once(judge, 'exit');

const text = readFileSync(report, 'utf8');
const failed = failures(text);
const count = text.match(/<testcase /g)?.length ?? 0;
console.log(`h2spec: ${count} tests, ${failed.length} failed`);
for (const name of failed) console.log(`  ${name}\n    ${KNOWN[name] ?? 'NOT KNOWN'}`);
const passed = Object.keys(KNOWN).filter((name) => !failed.includes(name));
for (const name of passed) console.log(`  passes now, so its reason can go: ${name}`);
process.exitCode = count > 0 && passed.length === 0 && failed.every((name) => KNOWN[name]) ? 0 : 1;
