/**
 * Metrics in the Prometheus text format, version 0.0.4. Of our own, because a request touches a handful of them: a child
 * (one metric with its label values) is looked up once and kept, so that counting is one addition.
 */
export class Registry {
  readonly #families = new Map<string, Family>();

  counter(name: string, help: string, labels: readonly string[] = []): Metric<Counter> {
    return this.#add(new Metric(name, help, 'counter', labels, () => new Counter()));
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Metric<Gauge> {
    return this.#add(new Metric(name, help, 'gauge', labels, () => new Gauge()));
  }

  /** `bounds`: upper bounds of the buckets in the metric's unit, ascending, without +Inf. */
  histogram(name: string, help: string, bounds: readonly number[], labels: readonly string[] = []): Metric<Histogram> {
    return this.#add(new Metric(name, help, 'histogram', labels, () => new Histogram(bounds)));
  }

  #add<T extends Family>(family: T): T {
    if (this.#families.has(family.name)) throw new Error(`metric ${family.name} is registered twice`);
    this.#families.set(family.name, family);
    return family;
  }

  render(): string {
    let out = '';
    for (const family of this.#families.values()) out += family.render();
    return out;
  }
}

interface Family {
  readonly name: string;
  render(): string;
}

interface Child {
  render(name: string, labels: string): string;
}

/** One metric with all its children, one for each set of label values. */
export class Metric<T extends Child> implements Family {
  readonly name: string;
  readonly #header: string;
  readonly #labels: readonly string[];
  readonly #create: () => T;
  readonly #children = new Map<string, T>();
  #collect: ((metric: this) => void) | null = null;

  constructor(name: string, help: string, type: string, labels: readonly string[], create: () => T) {
    this.name = name;
    this.#header = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
    this.#labels = labels;
    this.#create = create;
  }

  /** The child for these label values, in the order of the label names; made when it is first asked for. */
  with(...values: string[]): T {
    const key = this.#labels.map((label, index) => `${label}="${escapeValue(values[index] ?? '')}"`).join(',');
    let child = this.#children.get(key);
    if (!child) {
      child = this.#create();
      this.#children.set(key, child);
    }
    return child;
  }

  /** Called before each rendering; for values that are read where they live, not kept up to date here. */
  collect(fill: (metric: this) => void): this {
    this.#collect = fill;
    return this;
  }

  /** Forgets every child, so that `collect` can fill in what exists now. */
  reset(): void {
    this.#children.clear();
  }

  render(): string {
    this.#collect?.(this);
    let out = this.#header;
    for (const [labels, child] of this.#children) out += child.render(this.name, labels);
    return out;
  }
}

export class Counter implements Child {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }

  render(name: string, labels: string): string {
    return line(name, labels, this.value);
  }
}

export class Gauge implements Child {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  render(name: string, labels: string): string {
    return line(name, labels, this.value);
  }
}

export class Histogram implements Child {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    const bounds = this.#bounds;
    for (let index = 0; index < bounds.length; index++) {
      if (value <= (bounds[index] ?? 0)) {
        this.#counts[index] = (this.#counts[index] ?? 0) + 1;
        return;
      }
    }
  }

  render(name: string, labels: string): string {
    const comma = labels === '' ? '' : ',';
    let out = '';
    let below = 0;
    this.#bounds.forEach((bound, index) => {
      below += this.#counts[index] ?? 0;
      out += line(`${name}_bucket`, `${labels}${comma}le="${bound}"`, below);
    });
    out += line(`${name}_bucket`, `${labels}${comma}le="+Inf"`, this.#count);
    return out + line(`${name}_sum`, labels, this.#sum) + line(`${name}_count`, labels, this.#count);
  }
}

function line(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`;
}

/** Hardly any value has to be escaped, and a balancer of thousands of endpoints has ten thousand of them. */
const SPECIAL = /[\\"\n]/;

function escapeValue(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
