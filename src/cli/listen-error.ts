import { portProblem } from '../local/listener-ports.ts';

/** The sentence for an address that cannot be listened on; `remedy` says how another is chosen. Other errors stay as they are. */
export function listenError(error: unknown, port: number, address: string, remedy: string): unknown {
  const { syscall } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen' && syscall !== 'bind') return error;
  return portProblem(error as NodeJS.ErrnoException, `port ${port} of ${address}`, remedy);
}
