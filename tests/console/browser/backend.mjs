// A backend that answers App Attest's calls as it is told to: POST /script { path, answers } says
// what comes next at a path; without a script every call succeeds.
//
// An answer is { status, body } with the body as text, after `delay` ms; { hang: true } for none;
// { reset: true } for a connection that breaks; { work } for one answer after another, each of which
// takes so many ms of work. `times` bounds how often it is given.

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";

const scripts = new Map();
// When all the work that has been asked for will be done.
let busyUntil = 0;

const WELL = {
  "/app-attest/register": () => JSON.stringify({ status: "registered", flowID: randomUUID() }),
  "/app-attest/client-data-hash": () => JSON.stringify({ clientDataHash_base64: "aGFzaA==" }),
  "/app-attest/verify": () => JSON.stringify({ verified: true, signCount: 1 }),
};

function next(path) {
  const queue = scripts.get(path) ?? [];
  const answer = queue[0];
  if (!answer) return { status: 200, body: WELL[path]?.() ?? "{}" };
  answer.times = (answer.times ?? Infinity) - 1;
  if (answer.times <= 0) queue.shift();
  return answer;
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    if (request.url === "/script") {
      const { path, answers } = JSON.parse(Buffer.concat(parts).toString());
      scripts.set(path, answers);
      response.end();
      return;
    }
    const answer = next(request.url);
    if (answer.reset) request.socket.destroy();
    else if (!answer.hang) {
      const give = () => {
        response.writeHead(answer.status ?? 200, {
          "content-type": answer.type ?? "application/json",
        });
        response.end(answer.body ?? WELL[request.url]?.() ?? "{}");
      };
      busyUntil = Math.max(busyUntil, performance.now()) + (answer.work ?? 0);
      const delay = answer.work ? busyUntil - performance.now() : answer.delay;
      if (delay) setTimeout(give, delay);
      else give();
    }
  });
});

server.listen(0, "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(JSON.stringify({ message: "listening", address: `${address}:${port}` }));
});
