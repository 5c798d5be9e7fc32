import { loadSentence, tryOut } from './demo-tour.ts';
import { type Overview, renderOverview } from './overview.ts';
import type { Screen } from './screen.ts';
import type { LoadCounts } from './steady-load.ts';
import { type Paint, plain, wrap } from './text.ts';

/** What is to be seen of the demo at one moment. */
export interface DemoScene {
  readonly overview: Overview;
  readonly counts: LoadCounts;
}

export interface DemoView {
  /** Some sentences for the onlooker. */
  say(text: string): void;
  /** The table, where it is not there all the time. */
  show(): void;
  /** The tour is over; from now on the onlooker acts. */
  handOver(): void;
  close(): void;
}

const WIDTH = 80;

/** For a file, a pipe, or a terminal that cannot be painted on. */
export class TextDemoView implements DemoView {
  readonly #print: (line: string) => void;
  readonly #scene: () => DemoScene;

  constructor(print: (line: string) => void, scene: () => DemoScene) {
    this.#print = print;
    this.#scene = scene;
  }

  say(text: string): void {
    for (const line of [...wrap(text, WIDTH), '']) this.#print(line);
  }

  show(): void {
    const { overview, counts } = this.#scene();
    for (const line of [...renderOverview(overview, WIDTH - 2, plain), '', loadSentence(counts)])
      this.#print(line === '' ? '' : `  ${line}`);
    this.#print('');
  }

  handOver(): void {}

  close(): void {}
}

const PAINT_MS = 250;

/** A live table at the bottom of a terminal, with the story going by above it. */
export class LiveDemoView implements DemoView {
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #scene: () => DemoScene;
  readonly #timer: NodeJS.Timeout;
  #handedOver = false;

  constructor(screen: Screen, paint: Paint, scene: () => DemoScene) {
    this.#screen = screen;
    this.#paint = paint;
    this.#scene = scene;
    this.#timer = setInterval(() => this.#draw(), PAINT_MS);
  }

  say(text: string): void {
    for (const line of ['', ...wrap(text, this.#screen.width)]) this.#screen.print(line);
  }

  show(): void {}

  handOver(): void {
    this.#handedOver = true;
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#handedOver = false;
    this.#draw();
    this.#screen.close();
  }

  #draw(): void {
    const { overview, counts } = this.#scene();
    const load = this.#paint(loadSentence(counts), counts.failed === 0 ? 'green' : 'red');
    this.#screen.paint(['', ...renderOverview(overview, this.#screen.width, this.#paint), '', load, ...this.#invitation(overview)]);
  }

  #invitation(overview: Overview): string[] {
    if (!this.#handedOver) return [];
    const commands = tryOut(overview).map((command) => `  ${this.#paint(command, 'cyan')}`);
    return ['', 'Your turn, in another terminal (Ctrl-C here ends everything):', ...commands];
  }
}
