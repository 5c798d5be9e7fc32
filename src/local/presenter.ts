import { stringify } from 'yaml';
import type { Notice } from '../status/notices.ts';
import type { Status } from '../status/types.ts';
import type { FleetEvents } from './fleet.ts';
import type { LocalService } from './local-service.ts';
import { renderOverview } from './overview.ts';
import type { Screen } from './screen.ts';
import { type Paint, plain } from './text.ts';

/** How a fleet's life is shown. */
export interface Presenter extends FleetEvents {
  /** All of it is up. */
  started(services: readonly LocalService[]): void;
  /** It is being ended; `hint` says how to be quicker. */
  ending(hint: string): void;
  close(): void;
}

/** Standard output and standard error, a line at a time. */
export interface Lines {
  out(line: string): void;
  error(line: string): void;
}

/** One JSON object, or one YAML document, for each change of a resource's status; all else goes to standard error. */
export class DocumentPresenter implements Presenter {
  readonly #lines: Lines;
  readonly #format: 'json' | 'yaml';

  constructor(format: 'json' | 'yaml', lines: Lines) {
    this.#format = format;
    this.#lines = lines;
  }

  onStatus(service: LocalService): void {
    const { object } = service;
    this.#lines.out(this.#format === 'json' ? JSON.stringify(object) : `---\n${stringify(object, { lineWidth: 0 }).trimEnd()}`);
  }

  onLine(server: string, line: string): void {
    this.#lines.error(`[${server}] ${line}`);
  }

  onServer(server: string, sentence: string): void {
    this.#lines.error(`${server}: ${sentence}`);
  }

  onNotice(resource: string, sentence: string): void {
    this.#lines.error(`${resource}: ${sentence}`);
  }

  onProblem(message: string): void {
    this.#lines.error(`evenkeel: ${message}`);
  }

  started(): void {}

  ending(hint: string): void {
    this.#lines.error(hint);
  }

  close(): void {}
}

/** A line for each thing that happens, with the time of day; servers' own output goes to standard error. */
export class LinePresenter implements Presenter {
  readonly #lines: Lines;
  readonly #now: () => Date;
  readonly #told = new Map<string, string>();
  #started = false;

  constructor(lines: Lines, now: () => Date = () => new Date()) {
    this.#lines = lines;
    this.#now = now;
  }

  onStatus(service: LocalService, status: Status, notices: readonly Notice[]): void {
    for (const { reason, note } of notices) this.#tell(`${service.name}: ${reason}: ${note}`);
    // Before, nothing is ready, and nobody needs to be told.
    if (!this.#started) return;
    const sentence = statusSentence(status);
    if (this.#told.get(service.name) === sentence) return;
    this.#told.set(service.name, sentence);
    this.#tell(`${service.name}: ${sentence}`);
  }

  onLine(server: string, line: string): void {
    this.#lines.error(`[${server}] ${line}`);
  }

  onServer(server: string, sentence: string): void {
    this.#tell(`${server}: ${sentence}`);
  }

  onNotice(resource: string, sentence: string): void {
    this.#tell(`${resource}: ${sentence}`);
  }

  onProblem(message: string): void {
    this.#lines.error(`evenkeel: ${message}`);
  }

  started(services: readonly LocalService[]): void {
    this.#started = true;
    for (const service of services) this.#tell(`${service.name}: listening on ${whereabouts(service)}`);
  }

  ending(hint: string): void {
    this.#tell(hint);
  }

  close(): void {}

  #tell(sentence: string): void {
    this.#lines.out(`${timeOfDay(this.#now())} ${sentence}`);
  }
}

const PAINT_MS = 250;

/** A live table, with what happens going by above it. */
export class TablePresenter implements Presenter {
  readonly #screen: Screen;
  readonly #paint: Paint;
  #services: () => readonly LocalService[];
  #timer: NodeJS.Timeout | null = null;

  constructor(screen: Screen, paint: Paint, services: () => readonly LocalService[]) {
    this.#screen = screen;
    this.#paint = paint;
    this.#services = services;
  }

  onStatus(service: LocalService, _status: Status, notices: readonly Notice[]): void {
    for (const { type, reason, note } of notices) {
      this.#tell(this.#paint(`${service.name}: ${reason}: ${note}`, type === 'Warning' ? 'red' : 'green'));
    }
  }

  onLine(server: string, line: string): void {
    this.#screen.print(`${this.#paint(`[${server}]`, 'cyan')} ${line}`);
  }

  onServer(server: string, sentence: string): void {
    this.#tell(`${server}: ${sentence}`);
  }

  onNotice(resource: string, sentence: string): void {
    this.#tell(`${resource}: ${sentence}`);
  }

  onProblem(message: string): void {
    for (const line of message.split('\n')) this.#tell(this.#paint(`evenkeel: ${line}`, 'red'));
  }

  started(services: readonly LocalService[]): void {
    for (const { adminUrl } of services) if (adminUrl !== null) this.#tell(`metrics: ${adminUrl}/metrics`);
    this.#timer = setInterval(() => this.#draw(), PAINT_MS);
    this.#draw();
  }

  ending(hint: string): void {
    this.#tell(hint);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#draw();
    this.#screen.close();
  }

  #tell(sentence: string): void {
    this.#screen.print(`${this.#paint(timeOfDay(new Date()), 'dim')} ${sentence}`);
  }

  #draw(): void {
    const blocks = this.#services().map((service) => renderOverview(service.overview(), this.#screen.width, this.#paint));
    this.#screen.paint(blocks.flatMap((lines) => ['', ...lines]));
  }
}

/** `2/3 endpoints healthy, ready` */
export function statusSentence(status: Status): string {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const serving = ready?.status === 'True' ? 'ready' : `not ready: ${ready?.message ?? 'nothing is known yet'}`;
  return `${status.summary?.endpoints ?? '0/0'} endpoints healthy, ${serving}`;
}

function whereabouts({ urls, adminUrl, plan }: LocalService): string {
  const admin = adminUrl === null ? '' : `, metrics on ${adminUrl}/metrics`;
  return `${urls.join(', ')}, ${plan.config.strategy}${admin}`;
}

function timeOfDay(time: Date): string {
  return time.toTimeString().slice(0, 8);
}

/** For whoever wants the table once, without colours. */
export function overviewText(service: LocalService, width: number): string {
  return renderOverview(service.overview(), width, plain).join('\n');
}
