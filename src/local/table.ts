import { type Colour, clip, type Paint } from './text.ts';

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly colour?: (row: Row) => Colour | undefined;
  readonly align?: 'right';
  /** Left out where no row has anything to say in it. */
  readonly optional?: boolean;
  /** May be cut so that the line fits; the first such column gives way first. */
  readonly flexible?: boolean;
}

const GAP = 2;
const NARROWEST = 6;

/** A title line and a line for each row, each at most `width` characters (colours not counted). */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number, paint: Paint): string[] {
  const shown = columns.filter((column) => !column.optional || rows.some((row) => column.text(row) !== ''));
  const widths = fit(
    shown,
    shown.map((column) => Math.max(column.title.length, ...rows.map((row) => column.text(row).length))),
    width,
  );
  const line = (cell: (column: Column<Row>, width: number, last: boolean) => string): string =>
    shown.map((column, index) => cell(column, widths[index] ?? 0, index === shown.length - 1)).join(' '.repeat(GAP));
  const titles = line((column, room, last) => pad(column.title, room, column.align, last));
  const body = rows.map((row) =>
    line((column, room, last) => {
      const text = pad(column.text(row), room, column.align, last);
      const colour = column.colour?.(row);
      return colour === undefined ? text : paint(text, colour);
    }),
  );
  return [paint(titles, 'dim'), ...body];
}

function pad(text: string, width: number, align: 'right' | undefined, last: boolean): string {
  const cut = clip(text, width);
  if (align === 'right') return cut.padStart(width);
  return last ? cut : cut.padEnd(width);
}

function fit<Row>(columns: readonly Column<Row>[], wanted: readonly number[], width: number): number[] {
  const widths = [...wanted];
  let over = widths.reduce((sum, each) => sum + each, 0) + GAP * (widths.length - 1) - width;
  for (const [index, column] of columns.entries()) {
    if (over <= 0) break;
    if (!column.flexible) continue;
    const cut = Math.min(over, Math.max(0, (widths[index] ?? 0) - NARROWEST));
    widths[index] = (widths[index] ?? 0) - cut;
    over -= cut;
  }
  return widths;
}
