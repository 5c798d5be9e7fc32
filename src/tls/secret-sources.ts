import type { CertificateFiles, SecretFile } from '../model/config.ts';
import { type KeyPair, parseAuthorities, parseKeyPair } from './certificate.ts';
import { FileBacked } from './file-backed.ts';

/** A Secret, and what is made of its files. */
export interface SecretSource<T> {
  readonly secret: string;
  readonly content: FileBacked<T>;
}

/** What is told of Secrets while they are followed. */
export interface SecretEvents {
  /** Its files are taken over, for the first time or anew. `pair`: its certificate; null: it is one of authorities. */
  onRenewed(secret: string, pair: KeyPair | null): void;
  /** `problem`: why its newest files are not used. `inUse`: earlier ones go on. */
  onProblem(secret: string, problem: string, inUse: boolean): void;
}

export function certificateSource({ secret, certificate, key }: CertificateFiles): SecretSource<KeyPair> {
  return { secret, content: new FileBacked([certificate, key], ([cert = '', text = '']) => parseKeyPair(cert, text)) };
}

/** Certificates of authorities, in PEM. */
export function authoritySource({ secret, file }: SecretFile): SecretSource<string> {
  return { secret, content: new FileBacked([file], ([text = '']) => parseAuthorities(text)) };
}

/** What of these Secrets cannot be used as its files are now. */
export function problemsOf(
  secrets: readonly (CertificateFiles | SecretFile | null)[],
): { readonly secret: string; readonly problem: string }[] {
  return secrets.flatMap((each) => {
    if (each === null) return [];
    const { content } = 'file' in each ? authoritySource(each) : certificateSource(each);
    content.look();
    return content.problem === '' ? [] : { secret: each.secret, problem: content.problem };
  });
}

/** Looks at a set of Secrets, tells what has become of each, and remembers what is wrong. */
export class SecretWatch {
  readonly #events: SecretEvents;
  /** By Secret, as last told. */
  #problems: ReadonlyMap<string, string> = new Map();

  constructor(events: SecretEvents) {
    this.#events = events;
  }

  /** One sentence for each Secret that is not used as it is. */
  get problems(): readonly string[] {
    return [...this.#problems].map(([secret, problem]) => `Secret ${secret}: ${problem}`);
  }

  /** True: something is taken over. */
  look(certificates: readonly SecretSource<KeyPair>[], authorities: readonly SecretSource<string>[]): boolean {
    const problems = new Map<string, string>();
    let changed = false;
    for (const { secret, content } of [...certificates, ...authorities]) {
      if (content.look()) {
        changed = true;
        const { value } = content;
        this.#events.onRenewed(secret, typeof value === 'string' ? null : value);
      }
      if (content.problem === '') continue;
      problems.set(secret, content.problem);
      if (this.#problems.get(secret) !== content.problem) this.#events.onProblem(secret, content.problem, content.value !== null);
    }
    this.#problems = problems;
    return changed;
  }
}
