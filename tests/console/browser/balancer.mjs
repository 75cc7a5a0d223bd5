// One address in front of several: the requests for a path go to them in turn.
// node balancer.mjs URL…

import { createServer, request } from "node:http";

const targets = process.argv.slice(2);
const turns = new Map();

const server = createServer((asked, reply) => {
  const turn = turns.get(asked.url) ?? 0;
  turns.set(asked.url, turn + 1);
  const target = new URL(asked.url, targets[turn % targets.length]);
  const onward = request(target, { method: asked.method, headers: asked.headers }, (answer) => {
    reply.writeHead(answer.statusCode, answer.headers);
    answer.pipe(reply);
  });
  onward.on("error", () => reply.destroy());
  asked.pipe(onward);
});

server.listen(0, "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(JSON.stringify({ message: "listening", address: `${address}:${port}` }));
});
