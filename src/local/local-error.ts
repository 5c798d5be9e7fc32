/** Something that cannot be run on this machine, in words for the person who wants it run. Several problems make several lines. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
  readonly code: 'Usage' | 'File' | 'Resource' | 'Port' | 'Process' | 'Listen';

  constructor(code: LocalError['code'], lines: string | readonly string[]) {
    super(typeof lines === 'string' ? lines : lines.join('\n'));
    this.code = code;
  }
}
