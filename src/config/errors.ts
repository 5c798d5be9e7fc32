/** A configuration that cannot be used. `ConfigFormat`: a resolved one that cannot be read; `ConfigPort`: a listener's port. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: 'ConfigFormat' | 'ConfigPort';

  constructor(code: ConfigError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
