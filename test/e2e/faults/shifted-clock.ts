// Loaded before a program (node --import): at each SIGUSR2 the clock on the wall jumps to the next of these distances from the right time.
const DAY_MS = 86_400_000;
const DISTANCES = [400 * DAY_MS, -400 * DAY_MS, 0];

const RealDate = Date;
const realNow = Date.now;
let jumps = 0;
let distance = 0;

const now = (): number => realNow() + distance;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
});

process.on('SIGUSR2', () => {
  distance = DISTANCES[jumps++ % DISTANCES.length] ?? 0;
});
