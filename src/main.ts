import { setFlagsFromString } from 'node:v8';
import { runCommandLine } from './cli/command-line.ts';

// Where objects or arrays that are written out in one place of the code live long, V8 makes all further ones of that place among the old. For a
// connection that lives for milliseconds that is wrong, and what they point to then survives with them: a new connection for each request costs a
// sixth more. In return Node's own modules that are loaded later, as for TLS and HTTP/2, take 21 ms once instead of 9.
setFlagsFromString('--no-allocation-site-pretenuring');

await runCommandLine(process.argv.slice(2));
