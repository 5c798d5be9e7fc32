import type { Socket } from 'node:net';
import { tcpChecker } from '../../../src/heartbeat/tcp-checker.ts';
import { checkerConformance } from './checker-conformance.ts';

checkerConformance('TCP', tcpChecker, {
  'a silent server': { serve: () => {}, finding: 'HeartbeatAnswered' },
  'one that greets first': { serve: (socket) => socket.write('220 mail ready\r\n'), finding: 'HeartbeatAnswered' },
  'one that closes at once': { serve: (socket) => socket.end(), finding: 'HeartbeatAnswered' },
  'one that sends without end': { serve: (socket) => flood(socket), finding: 'HeartbeatAnswered' },
});

function flood(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) {}
  };
  socket.on('drain', more);
  more();
}
