import type { SecureContext, Server, TLSSocket } from 'node:tls';
import type { ListenerTlsConfig } from '../model/config.ts';
import type { KeyPair } from './certificate.ts';
import { authoritySource, certificateSource, type SecretEvents, type SecretSource, SecretWatch } from './secret-sources.ts';
import { ServerNames } from './server-names.ts';
import { secureSettings } from './settings.ts';

/** Session tickets are sealed by a key of the engine, which is made anew after this long. */
const TICKET_KEY_MS = 43_200_000;

export interface ServerCredentialsOptions extends SecretEvents {
  /** What may be agreed on by ALPN (RFC 7301), the most wanted first. */
  readonly applicationProtocols: readonly string[];
  /** A handshake is done, and the client is who it must be. */
  onSecure(socket: TLSSocket): void;
}

const inUse = ({ content }: SecretSource<KeyPair>): boolean => content.value !== null;

/**
 * What a port shows to its clients, and asks of them. `engine` makes TLS of accepted connections; with each change there is a new one, so
 * that handshakes under way end by the old, and no session that was begun under other terms (another authority, say) can be resumed.
 */
export class ServerCredentials {
  readonly #options: ServerCredentialsOptions;
  readonly #watch: SecretWatch;
  #config: ListenerTlsConfig | null = null;
  #certificates: readonly SecretSource<KeyPair>[] = [];
  /** Of earlier configurations: they go on until all that are to be there can be used. */
  #former: readonly SecretSource<KeyPair>[] = [];
  #authorities: SecretSource<string> | null = null;
  #engine: Server | null = null;
  #engineMadeAt = 0;

  constructor(options: ServerCredentialsOptions) {
    this.#options = options;
    this.#watch = new SecretWatch(options);
  }

  /** Null: there is nothing yet that could be shown to a client. Never listens itself: connections are handed to it by its event `connection`. */
  get engine(): Server | null {
    return this.#engine;
  }

  /** One sentence for each Secret that is not used as it is. */
  get problems(): readonly string[] {
    return this.#watch.problems;
  }

  /** Those that are shown to clients: the Secrets that they are from, and the end of each in epoch milliseconds. */
  get shown(): readonly { readonly secret: string; readonly notAfter: number }[] {
    if (this.#engine === null) return [];
    return [...this.#certificates, ...this.#former].flatMap(({ secret, content }) =>
      content.value === null ? [] : { secret, notAfter: content.value.notAfter },
    );
  }

  /** What it was goes on until what it is to be can be used. */
  configure(config: ListenerTlsConfig, now: number): void {
    if (JSON.stringify(config) === JSON.stringify(this.#config)) return;
    this.#config = config;
    const known = new Map([...this.#certificates, ...this.#former].map((each) => [each.secret, each]));
    this.#certificates = config.certificates.map((files) => known.get(files.secret) ?? certificateSource(files));
    for (const { secret } of config.certificates) known.delete(secret);
    this.#former = [...known.values()].filter(inUse);
    this.#authorities = config.clientCa && authoritySource(config.clientCa);
    this.#look(now, true);
  }

  /** Looks for files that have changed. */
  look(now: number): void {
    this.#look(now, now - this.#engineMadeAt >= TICKET_KEY_MS);
  }

  #look(now: number, anew: boolean): void {
    const changed = this.#watch.look(this.#certificates, this.#authorities ? [this.#authorities] : []);
    if (changed || anew) this.#renew(now);
  }

  /** Without any certificate, or without the authorities that clients are to be held against, all stays as it was. */
  #renew(now: number): void {
    const config = this.#config;
    if (this.#certificates.every(inUse)) this.#former = [];
    const [first, ...others] = [...this.#certificates, ...this.#former].flatMap(({ content }) => content.value ?? []);
    const ca = this.#authorities?.content.value ?? undefined;
    if (!config || !first || (this.#authorities && ca === undefined)) return;
    const tls = process.getBuiltinModule('node:tls');
    const settings = secureSettings(config.minVersion);
    const entry = ({ cert, key, names }: KeyPair) => ({
      names,
      value: tls.createSecureContext({ ...settings, cert, key, ...(ca === undefined ? {} : { ca }) }),
    });
    const contexts = new ServerNames<SecureContext>([entry(first), ...others.map(entry)]);
    this.#engineMadeAt = now;
    this.#engine = tls.createServer({
      ...settings,
      cert: first.cert,
      key: first.key,
      ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
      ALPNProtocols: [...this.#options.applicationProtocols],
      SNICallback: (name, done) => done(null, contexts.pick(name)),
    });
    this.#engine.on('secureConnection', (socket: TLSSocket) => this.#options.onSecure(socket));
  }
}
