/**
 * sslyze (https://github.com/nabla-c0d3/sslyze) against a port of protocol HTTPS, with TLS 1.2 as its oldest, as by default: `make sslyze`.
 * Nothing old may be spoken, and no attack that it knows may work. Its verdict on the certificate is left out: it is a test's.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCertificate } from '../support/certificate.ts';
import { named, ScriptedServer } from '../support/scripted-server.ts';
import { MountedSecrets } from '../support/secrets.ts';
import { balancerConfig, startBalancer } from '../support/start-balancer.ts';
import { cacheFolder } from './cache.ts';

const VERSION = '6.3.1';
const PROTOCOLS = ['sslv2', 'sslv3', 'tlsv1', 'tlsv1_1', 'tlsv1_2', 'tlsv1_3'];
const ATTACKS = ['heartbleed', 'openssl_ccs', 'robot', 'compression', 'early_data', 'fallback', 'reneg', 'ems'];

interface Attempted<T> {
  readonly status: string;
  readonly result: T | null;
}
interface Suites {
  readonly accepted_cipher_suites: readonly { readonly cipher_suite: { readonly name: string } }[];
}
interface Scan {
  readonly [protocol: `${'ssl' | 'tls'}_${string}_cipher_suites`]: Attempted<Suites>;
  readonly heartbleed: Attempted<{ readonly is_vulnerable_to_heartbleed: boolean }>;
  readonly openssl_ccs_injection: Attempted<{ readonly is_vulnerable_to_ccs_injection: boolean }>;
  readonly robot: Attempted<{ readonly robot_result: string }>;
  readonly tls_compression: Attempted<{ readonly supports_compression: boolean }>;
  readonly tls_1_3_early_data: Attempted<{ readonly supports_early_data: boolean }>;
  readonly tls_fallback_scsv: Attempted<{ readonly supports_fallback_scsv: boolean }>;
  readonly tls_extended_master_secret: Attempted<{ readonly supports_ems_extension: boolean }>;
  readonly session_renegotiation: Attempted<{
    readonly is_vulnerable_to_client_renegotiation_dos: boolean;
    readonly supports_secure_renegotiation: boolean;
  }>;
}

function install(): string {
  const folder = join(cacheFolder(), `sslyze-${VERSION}`);
  const program = join(folder, 'bin', 'sslyze');
  if (existsSync(program)) return program;
  execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  execFileSync(join(folder, 'bin', 'pip'), ['install', '--quiet', `sslyze==${VERSION}`], { stdio: 'inherit' });
  return program;
}

async function scan(port: number): Promise<Scan> {
  const report = join(cacheFolder(), 'sslyze.json');
  const scans = [...PROTOCOLS, ...ATTACKS].map((name) => `--${name}`);
  const options = [`--json_out=${report}`, '--mozilla_config=disable', ...scans];
  const judge = spawn(install(), [...options, `127.0.0.1:${port}`], { stdio: 'ignore' });
  await once(judge, 'exit');
  const { server_scan_results: results } = JSON.parse(readFileSync(report, 'utf8'));
  return results[0].scan_result;
}

/** Each sentence, and whether it holds. */
function verdicts(seen: Scan): Record<string, boolean> {
  const suites = (version: string) => (seen[`${version}_cipher_suites` as keyof Scan] as Attempted<Suites>).result?.accepted_cipher_suites;
  const names = (version: string) => suites(version)?.map(({ cipher_suite }) => cipher_suite.name) ?? [];
  const old = ['ssl_2_0', 'ssl_3_0', 'tls_1_0', 'tls_1_1'] as const;
  const forwardAndAuthenticated = (name: string) => /^TLS_ECDHE_\w+_(GCM_SHA(256|384)|CHACHA20_POLY1305_SHA256)$/.test(name);
  return {
    ...Object.fromEntries(old.map((version) => [`${version} is not spoken`, suites(version)?.length === 0])),
    'TLS 1.2 is spoken, with forward secrecy and authenticated encryption only':
      names('tls_1_2').length > 0 && names('tls_1_2').every(forwardAndAuthenticated),
    'TLS 1.3 is spoken': names('tls_1_3').length > 0,
    'no Heartbleed': seen.heartbleed.result?.is_vulnerable_to_heartbleed === false,
    'no CCS injection': seen.openssl_ccs_injection.result?.is_vulnerable_to_ccs_injection === false,
    'no ROBOT': seen.robot.result?.robot_result.startsWith('NOT_VULNERABLE') === true,
    'no compression (CRIME)': seen.tls_compression.result?.supports_compression === false,
    'no early data, which could be replayed': seen.tls_1_3_early_data.result?.supports_early_data === false,
    'no renegotiation by clients': seen.session_renegotiation.result?.is_vulnerable_to_client_renegotiation_dos === false,
    'secure renegotiation is told': seen.session_renegotiation.result?.supports_secure_renegotiation === true,
    'a fallback is noticed': seen.tls_fallback_scsv.result?.supports_fallback_scsv === true,
    'extended master secret': seen.tls_extended_master_secret.result?.supports_ems_extension === true,
  };
}

using mounted = new MountedSecrets();
const { cert, key } = createCertificate();
mounted.write('shop', { 'tls.crt': cert, 'tls.key': key });
await using server = await ScriptedServer.start(named('x'));
const tls = { certificates: [mounted.certificate('shop')], minVersion: '1.2', clientCa: null } as const;
await using started = await startBalancer([server.port], balancerConfig({ listeners: [{ protocol: 'HTTPS', tls }] }));
const seen = await scan(started.port);
const told = Object.entries(verdicts(seen));
console.log(`sslyze ${VERSION}: ${told.filter(([, holds]) => holds).length} of ${told.length} hold`);
for (const [sentence, holds] of told) console.log(`  ${holds ? 'holds' : 'FAILS'}: ${sentence}`);
process.exitCode = told.every(([, holds]) => holds) ? 0 : 1;
