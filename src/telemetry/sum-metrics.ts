/** One family in Prometheus' text format: its HELP and TYPE lines, and its samples by name and labels. */
interface Family {
  readonly header: string;
  readonly samples: Map<string, number>;
}

/** Several renderings of the same balancer's processes as one: samples of the same name and labels are added up, whatever they measure. */
export function sumMetrics(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) for (const [name, family] of parse(text)) add(families, name, family);
  return [...families.values()].map(render).join('');
}

/** What a process leaves behind when it has ended: what it has counted, and nothing that was only so while it ran. */
export function countersOf(text: string): string {
  return [...parse(text).values()]
    .filter(({ header }) => !header.includes(' gauge\n'))
    .map(render)
    .join('');
}

function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  for (const block of text.split(/^(?=# HELP )/m)) {
    const header = /^(?:#.*\n)+/.exec(block)?.[0] ?? '';
    const name = header.split(' ', 3)[2];
    if (name === undefined) continue;
    const lines = block.slice(header.length).split('\n').filter(Boolean);
    const samples = lines.map((line): [string, number] => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]);
    families.set(name, { header, samples: new Map(samples) });
  }
  return families;
}

function add(families: Map<string, Family>, name: string, { header, samples }: Family): void {
  const family = families.get(name) ?? { header, samples: new Map<string, number>() };
  families.set(name, family);
  for (const [sample, value] of samples) family.samples.set(sample, (family.samples.get(sample) ?? 0) + value);
}

function render({ header, samples }: Family): string {
  return header + [...samples].map(([sample, value]) => `${sample} ${value}\n`).join('');
}
