// The time of a server, which a test moves forward instead of waiting.

const now = Date.now;
let ahead = 0;

Date.now = () => now() + ahead;

/** Answers `POST /clock?ahead=SECONDS`; says whether the request was that. */
export function moves(request, response) {
  const url = new URL(request.url, 'http://localhost');
  if (request.method !== 'POST' || url.pathname !== '/clock') return false;
  ahead += Number(url.searchParams.get('ahead')) * 1000;
  response.writeHead(204).end();
  return true;
}
