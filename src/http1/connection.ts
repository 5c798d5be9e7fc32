/** What a Connection field asks for (RFC 9110 §7.6.1). */
export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  /** Other options, in lower case: names of fields that are meant for this hop only. */
  readonly named: readonly string[];
}

const NONE: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, named: [] };
const CLOSE: ConnectionOptions = { ...NONE, close: true };
const KEEP_ALIVE: ConnectionOptions = { ...NONE, keepAlive: true };
const UPGRADE: ConnectionOptions = { ...NONE, upgrade: true };

export function connectionOptions(value: string): ConnectionOptions {
  if (value === '') return NONE;
  if (value === 'keep-alive') return KEEP_ALIVE;
  if (value === 'close') return CLOSE;
  const options = value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== '');
  if (options.length === 1) {
    if (options[0] === 'keep-alive') return KEEP_ALIVE;
    if (options[0] === 'close') return CLOSE;
    if (options[0] === 'upgrade') return UPGRADE;
  }
  return {
    close: options.includes('close'),
    keepAlive: options.includes('keep-alive'),
    upgrade: options.includes('upgrade'),
    named: options.filter((option) => option !== 'close' && option !== 'keep-alive' && option !== 'upgrade'),
  };
}

const PROTOCOL = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)?$/;
/** Another version of HTTP behind our back would be a tunnel past every check of this proxy. */
const HTTP_PROTOCOL = /^(h2c?|http\/.*|h3)$/i;

/** The protocols of an Upgrade field (RFC 9110 §7.8) that may be passed on, as a list; null: none. */
export function upgradeProtocols(value: string): string | null {
  if (value === '') return null;
  const protocols = value
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => PROTOCOL.test(protocol) && !HTTP_PROTOCOL.test(protocol));
  return protocols.length === 0 ? null : protocols.join(', ');
}
