// A server on a free port of the loopback interface, which says where it is.

import { createServer } from 'node:http';

/** Listens, lets `answering(base)` make the listener of requests, then says so in one line. */
export function listen(answering) {
  const server = createServer();
  server.listen(0, '127.0.0.1', async () => {
    const address = `127.0.0.1:${server.address().port}`;
    server.on('request', await answering(`http://${address}`));
    console.log(JSON.stringify({ message: 'listening', address }));
  });
}
