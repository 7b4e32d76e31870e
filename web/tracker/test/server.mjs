/** A stand-in for the server: serves pages, records what the tracker sends, refuses on demand. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const script = readFileSync(new URL('../dist/dregs.js', import.meta.url));

export async function startServer(pages) {
  const requests = [];
  const refusals = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/dregs.js') {
      setTimeout(() => response.setHeader('Content-Type', 'text/javascript').end(script), 50);
      return;
    }
    if (url.pathname !== '/api/events') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8').end(pages[url.pathname] ?? '');
      return;
    }
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type');
    response.setHeader('Access-Control-Expose-Headers', 'retry-after');
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const events = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      const refusal = refusals.shift();
      requests.push({
        at: Date.now(),
        status: refusal?.status ?? 200,
        headers: request.headers,
        query: url.search,
        events,
      });
      if (refusal) response.writeHead(refusal.status, refusal.headers).end();
      else response.setHeader('Content-Type', 'application/json').end('[]');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();

  /** What was accepted, each event once. */
  const events = () => {
    const seen = new Map();
    for (const { events, status } of requests) {
      if (status === 200) for (const event of events) seen.set(event.id, event);
    }
    return [...seen.values()];
  };

  return {
    origin: `http://localhost:${port}`,
    otherOrigin: `http://127.0.0.1:${port}`,
    requests,
    events,
    refuse: (status, headers = {}) => refusals.push({ status, headers }),
    reset() {
      requests.length = 0;
      refusals.length = 0;
    },
    async until(isReached, what, timeMs = 8_000) {
      const deadline = Date.now() + timeMs;
      while (!isReached(events())) {
        if (Date.now() > deadline) {
          throw new Error(`never saw ${what}; got ${JSON.stringify(requests).slice(0, 3_000)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
