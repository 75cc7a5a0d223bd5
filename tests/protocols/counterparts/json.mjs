// Servers that take JSON and answer JSON.

/** Makes a listener from a table of `'POST /path': (body, request) => [status, body]`. */
export function json(routes) {
  return async (request, response) => {
    const route = routes[`${request.method} ${request.url}`];
    const [status, answer] = route
      ? await answered(route, request)
      : [404, { error: `nothing is at ${request.method} ${request.url}` }];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  };
}

async function answered(route, request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let body;
  try {
    body = JSON.parse(Buffer.concat(chunks));
  } catch (error) {
    return [400, { error: error.message }];
  }
  return route(body, request);
}
