/** Small functions from values to what a person reads. */

/** `0.8 ms`, `45 ms`, `1.2 s`, `12 s`, `3 min`, `5 h`: two digits or so, as a glance needs. */
export function readableDuration(milliseconds: number): string {
  if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 999.5) return `${milliseconds.toFixed(0)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, '')} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** `1,234,567` */
export function readableCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 request`, `2 requests` */
export function counted(count: number, noun: string): string {
  return `${readableCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export type Colour = 'green' | 'yellow' | 'red' | 'cyan' | 'dim' | 'bold';

const CODES: Readonly<Record<Colour, string>> = { green: '32', yellow: '33', red: '31', cyan: '36', dim: '2', bold: '1' };

/** Colours a text, or leaves it as it is. */
export type Paint = (text: string, colour: Colour) => string;

export const plain: Paint = (text) => text;
export const ansi: Paint = (text, colour) => `\x1b[${CODES[colour]}m${text}\x1b[0m`;

/** At most `width` characters; a longer text ends in `…`. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** A number and its unit stay together. */
const BREAKS = / (?!(?:ms|s|min|h)\b)/;

/** Words of `text` over as many lines of at most `width` characters as they need. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(BREAKS)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}
