import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import type { CertificateFiles, ListenerTlsConfig, SecretFile } from '../model/config.ts';
import { type KeyPair, parseAuthorities, parseKeyPair } from './certificate.ts';
import { FileBacked } from './file-backed.ts';
import { ServerNames } from './server-names.ts';
import { secureSettings } from './settings.ts';

/** Session tickets are sealed by a key of the engine, which is made anew after this long. */
const TICKET_KEY_MS = 12 * 3_600_000;

export interface ServerCredentialsOptions {
  /** What may be agreed on by ALPN (RFC 7301), the most wanted first. */
  readonly applicationProtocols: readonly string[];
  /** A handshake is done, and the client is who it must be. */
  onSecure(socket: TLSSocket): void;
  /** A Secret's files are taken over, for the first time or anew. `pair`: its certificate; null: it is one of authorities. */
  onRenewed(secret: string, pair: KeyPair | null): void;
  /** `problem`: why its newest files are not used. `inUse`: earlier ones go on. */
  onProblem(secret: string, problem: string, inUse: boolean): void;
}

interface Certificate {
  readonly secret: string;
  readonly pair: FileBacked<KeyPair>;
}

interface Authorities {
  readonly secret: string;
  readonly text: FileBacked<string>;
}

const inUse = ({ pair }: Certificate): boolean => pair.value !== null;

/**
 * What a port shows to its clients, and asks of them. `engine` makes TLS of accepted connections; with each change there is a new one, so
 * that handshakes under way end by the old, and no session that was begun under other terms (another authority, say) can be resumed.
 */
export class ServerCredentials {
  readonly #options: ServerCredentialsOptions;
  #config: ListenerTlsConfig | null = null;
  #certificates: readonly Certificate[] = [];
  /** Of earlier configurations: they go on until all that are to be there can be used. */
  #former: readonly Certificate[] = [];
  #authorities: Authorities | null = null;
  #engine: Server | null = null;
  #engineMadeAt = 0;
  /** By Secret, as last told. */
  #problems: ReadonlyMap<string, string> = new Map();

  constructor(options: ServerCredentialsOptions) {
    this.#options = options;
  }

  /** Null: there is nothing yet that could be shown to a client. Never listens itself: connections are handed to it by its event `connection`. */
  get engine(): Server | null {
    return this.#engine;
  }

  /** One sentence for each Secret that is not used as it is. */
  get problems(): readonly string[] {
    return [...this.#problems].map(([secret, problem]) => `Secret ${secret}: ${problem}`);
  }

  /** What it was goes on until what it is to be can be used. */
  configure(config: ListenerTlsConfig, now: number): void {
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return;
    this.#config = config;
    const known = new Map([...this.#certificates, ...this.#former].map((each) => [each.secret, each]));
    this.#certificates = config.certificates.map((files) => known.get(files.secret) ?? certificateOf(files));
    for (const { secret } of config.certificates) known.delete(secret);
    this.#former = [...known.values()].filter(inUse);
    this.#authorities = config.clientCa && authoritiesOf(config.clientCa);
    this.#look(now, true);
  }

  /** Looks for files that have changed. */
  look(now: number): void {
    this.#look(now, now - this.#engineMadeAt >= TICKET_KEY_MS);
  }

  #look(now: number, anew: boolean): void {
    let changed = anew;
    for (const { secret, pair } of this.#certificates) {
      if (!pair.look()) continue;
      changed = true;
      this.#options.onRenewed(secret, pair.value);
    }
    if (this.#authorities?.text.look()) {
      changed = true;
      this.#options.onRenewed(this.#authorities.secret, null);
    }
    this.#tellProblems();
    if (changed) this.#renew(now);
  }

  #tellProblems(): void {
    const all = [
      ...this.#certificates.map(({ secret, pair }) => ({ secret, source: pair })),
      ...(this.#authorities ? [{ secret: this.#authorities.secret, source: this.#authorities.text }] : []),
    ];
    const problems = new Map<string, string>();
    for (const { secret, source } of all) {
      if (source.problem === '') continue;
      problems.set(secret, source.problem);
      if (this.#problems.get(secret) !== source.problem) this.#options.onProblem(secret, source.problem, source.value !== null);
    }
    this.#problems = problems;
  }

  /** Without any certificate, or without the authorities that clients are to be held against, all stays as it was. */
  #renew(now: number): void {
    const config = this.#config;
    if (this.#certificates.every(inUse)) this.#former = [];
    const [first, ...others] = [...this.#certificates, ...this.#former].flatMap(({ pair }) => pair.value ?? []);
    const ca = this.#authorities?.text.value ?? undefined;
    if (!config || !first || (this.#authorities && ca === undefined)) return;
    const entry = ({ cert, key, names }: KeyPair) => ({
      names,
      value: createSecureContext({ ...secureSettings(config.minVersion), cert, key, ...(ca === undefined ? {} : { ca }) }),
    });
    const contexts = new ServerNames<SecureContext>([entry(first), ...others.map(entry)]);
    this.#engineMadeAt = now;
    this.#engine = createServer({
      ...secureSettings(config.minVersion),
      cert: first.cert,
      key: first.key,
      ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
      ALPNProtocols: [...this.#options.applicationProtocols],
      SNICallback: (name, done) => done(null, contexts.pick(name)),
    });
    this.#engine.on('secureConnection', (socket: TLSSocket) => this.#options.onSecure(socket));
  }
}

/** What of the Secrets of `config` cannot be used as its files are now. */
export function credentialProblems(config: ListenerTlsConfig): { readonly secret: string; readonly problem: string }[] {
  const sources = [
    ...config.certificates.map((files) => ({ secret: files.secret, source: certificateOf(files).pair })),
    ...(config.clientCa ? [{ secret: config.clientCa.secret, source: authoritiesOf(config.clientCa).text }] : []),
  ];
  for (const { source } of sources) source.look();
  return sources.flatMap(({ secret, source: { problem } }) => (problem === '' ? [] : { secret, problem }));
}

function certificateOf({ secret, certificate, key }: CertificateFiles): Certificate {
  return { secret, pair: new FileBacked([certificate, key], ([cert = '', text = '']) => parseKeyPair(cert, text)) };
}

function authoritiesOf({ secret, file }: SecretFile): Authorities {
  return { secret, text: new FileBacked([file], ([text = '']) => parseAuthorities(text)) };
}
