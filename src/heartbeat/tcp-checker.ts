import { dial } from '../tls/dial.ts';
import type { Checker } from './checker.ts';
import { farewell, findingOf } from './checker.ts';

/**
 * Connects, and ends the connection politely. It proves less than an HTTP check: the kernel of a frozen server accepts connections until its
 * backlog is full.
 */
export const tcpChecker: Checker = {
  start(target, done) {
    let open = true;
    const socket = dial(target, target.tls, () => {
      if (!open) return;
      open = false;
      farewell(socket, 0);
      done('HeartbeatAnswered');
    });
    socket.on('error', (error) => {
      if (!open) return;
      open = false;
      done(findingOf(error));
    });
    return () => {
      open = false;
      socket.destroy();
    };
  },
};
