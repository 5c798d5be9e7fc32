import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateFiles, SecretFile } from '../../src/model/config.ts';

/** Secrets as the kubelet mounts them: each key is a link through `..data`, which is swapped as a whole. Use with `using`. */
export class MountedSecrets {
  readonly #path = mkdtempSync(join(tmpdir(), 'evenkeel-secrets-'));
  #version = 0;

  directory(secret: string): string {
    return join(this.#path, secret);
  }

  write(secret: string, files: Readonly<Record<string, string>>): void {
    const directory = this.directory(secret);
    const version = `..version-${++this.#version}`;
    mkdirSync(join(directory, version), { recursive: true });
    for (const [key, text] of Object.entries(files)) writeFileSync(join(directory, version, key), text);
    symlinkSync(version, join(directory, '..data-new'));
    renameSync(join(directory, '..data-new'), join(directory, '..data'));
    for (const key of Object.keys(files)) {
      rmSync(join(directory, key), { force: true });
      symlinkSync(join('..data', key), join(directory, key));
    }
  }

  delete(secret: string): void {
    rmSync(this.directory(secret), { recursive: true, force: true });
  }

  certificate(secret: string): CertificateFiles {
    return { secret, certificate: join(this.directory(secret), 'tls.crt'), key: join(this.directory(secret), 'tls.key') };
  }

  authority(secret: string): SecretFile {
    return { secret, file: join(this.directory(secret), 'ca.crt') };
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}
