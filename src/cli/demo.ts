import type { Command } from 'commander';
import { parseResources } from '../config/parse-resources.ts';
import type { RestartPolicy } from '../local/backoff.ts';
import { demoResource } from '../local/demo-resource.ts';
import { type DemoStage, loadSentence, tourOfFreeze, tourOfKill } from '../local/demo-tour.ts';
import { type DemoView, LiveDemoView, TextDemoView } from '../local/demo-view.ts';
import { Fleet } from '../local/fleet.ts';
import { PortAllocator } from '../local/free-ports.ts';
import type { LocalService } from '../local/local-service.ts';
import { Screen } from '../local/screen.ts';
import { SteadyLoad } from '../local/steady-load.ts';
import { balancerFactory } from './create-balancer.ts';
import { FailureError } from './failure.ts';
import { portOption } from './option-values.ts';
import { selfCommand } from './self.ts';
import { ended } from './signals.ts';
import { colours, isLive, standardLines } from './terminal.ts';

interface DemoFlags {
  readonly once?: boolean;
  readonly port: number;
  readonly serverPort: number;
}

const HELP = `
Starts three Hello World servers and a balancer in front of them, sends a
steady load, kills a server and shows how that is survived. On a terminal it
then stays, so that you can kill and freeze servers yourself; Ctrl-C ends all of
it. Without a terminal, or with --once, it kills one server, freezes another,
and ends: with exit code 0 if no request failed, else 1.

Examples:
  evenkeel demo
  evenkeel demo --once | tee tour.txt`;

const REQUESTS_PER_SECOND = 100;
const CLIENT_PATIENCE_MS = 5_000;
/** Long enough to be seen. */
const RESTARTS: RestartPolicy = { minMs: 2_000, maxMs: 10_000, resetAfterMs: 5_000 };
const LOOK_MS = 50;
const STEP_PATIENCE_MS = 30_000;

/** `evenkeel demo` */
export function configure(command: Command): void {
  command
    .option('--once', 'a tour in plain text, and then the end')
    .option('-p, --port <number>', 'port of the balancer, or the next free one', portOption, 8000)
    .option('--server-port <number>', 'port of the first server; the next free ones for the others', portOption, 8080)
    .addHelpText('after', HELP)
    .action(demo);
}

async function demo(flags: DemoFlags): Promise<void> {
  const stop = ended();
  const show = new DemoShow();
  process.on('exit', () => show.fleet?.kill());
  try {
    await Promise.race([show.run(flags), stop]);
  } finally {
    await show.end();
  }
  show.judge();
}

class DemoShow {
  fleet: Fleet | null = null;
  #load: SteadyLoad | null = null;
  #view: DemoView | null = null;
  #ending = false;

  /** Resolves at the end of a tour in plain text; on a terminal never. */
  async run(flags: DemoFlags): Promise<void> {
    const live = isLive() && !flags.once;
    standardLines.out('Starting three servers and a balancer ...');
    const service = await this.#start(flags);
    const load = new SteadyLoad({ url: service.urls[0] ?? '', perSecond: REQUESTS_PER_SECOND, timeoutMs: CLIENT_PATIENCE_MS });
    this.#load = load;
    const scene = () => ({ overview: service.overview(), counts: load.counts });
    const view = live ? new LiveDemoView(new Screen(process.stdout), colours(), scene) : new TextDemoView(standardLines.out, scene);
    this.#view = view;
    const stage: DemoStage = {
      overview: () => service.overview(),
      counts: () => load.counts,
      say: (text) => view.say(text),
      show: () => view.show(),
      signal: (pid, signal) => process.kill(pid, signal),
      until: (what, seen) => this.#until(what, seen),
    };
    await tourOfKill(stage);
    if (!live) return tourOfFreeze(stage);
    view.handOver();
    return new Promise(() => {});
  }

  /** Ends all that was started, in the order in which nobody is left hanging. */
  async end(): Promise<void> {
    this.#ending = true;
    await this.#load?.stop();
    this.#view?.close();
    await this.fleet?.stop(CLIENT_PATIENCE_MS);
  }

  /** Says what became of the requests; throws where some failed. */
  judge(): void {
    if (this.#load === null) return;
    const { counts } = this.#load;
    if (counts.failed > 0) throw new FailureError(loadSentence(counts));
    standardLines.out(`In all: ${loadSentence(counts)}.`);
  }

  async #start(flags: DemoFlags): Promise<LocalService> {
    const ports = new PortAllocator();
    const listenPort = await ports.next(flags.port);
    const serverPort = await ports.next(flags.serverPort);
    tellMoved('the balancer', flags.port, listenPort);
    tellMoved('the first server', flags.serverPort, serverPort);
    const text = demoResource(listenPort, serverPort);
    this.fleet = new Fleet({
      read: () => parseResources(text, 'demo.yaml').resources,
      ports: [],
      resolve: new Map(),
      secrets: new Map(),
      address: '127.0.0.1',
      adminPort: null,
      self: selfCommand(),
      restarts: RESTARTS,
      createBalancer: balancerFactory((message) => this.#view?.say(message)),
      onStatus: () => {},
      onLine: () => {},
      onServer: () => {},
      onNotice: () => {},
      onProblem: (message) => this.#view?.say(message),
    });
    await this.fleet.start();
    const [service] = this.fleet.services;
    if (service === undefined) throw new FailureError('the demo could not be started');
    return service;
  }

  async #until<T>(what: string, seen: () => T | null): Promise<T> {
    const deadline = performance.now() + STEP_PATIENCE_MS;
    while (!this.#ending) {
      const found = seen();
      if (found !== null) return found;
      if (performance.now() > deadline) throw new FailureError(`waited ${STEP_PATIENCE_MS / 1000} s for ${what}, in vain`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return new Promise(() => {});
  }
}

function tellMoved(who: string, wanted: number, got: number): void {
  if (got !== wanted) standardLines.out(`Port ${wanted} is taken, so ${who} listens on ${got}.`);
}
