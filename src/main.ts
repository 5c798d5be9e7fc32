import { setFlagsFromString } from 'node:v8';
import { runCommandLine } from './cli/command-line.ts';

// Where V8 sees that objects of some kind live long, it makes all further ones among the old: for a connection that lives for milliseconds that is
// wrong, and what it points to then survives with it. A new connection for each request costs a fifth more.
setFlagsFromString('--no-allocation-site-pretenuring');

await runCommandLine(process.argv.slice(2));
