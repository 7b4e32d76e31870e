// The built files in front of a running server, with the headers that the server itself sends: for looking at a
// change without building the server.
//
//   node test/serve.mjs http://127.0.0.1:8080 [port]
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';

const TYPES = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', html: 'text/html' };
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const site = readFileSync(
  new URL('../../../crates/server/src/http/site.rs', import.meta.url),
  'utf8',
);
const policy = site.match(/CONTENT_SECURITY_POLICY: &str =\s*"([^"]+)"/)[1];

export function serve(origin, port = 0) {
  const server = createServer((incoming, answer) => {
    const path = incoming.url.split('?')[0];
    if (path.startsWith('/api/') || path.startsWith('/docs/') || path === '/dregs.js') {
      const { hostname, port: to } = new URL(origin);
      const options = {
        hostname,
        port: to,
        path: incoming.url,
        method: incoming.method,
        headers: incoming.headers,
      };
      const onward = request(options, (got) => {
        answer.writeHead(got.statusCode, got.headers);
        got.pipe(answer);
      });
      onward.on('error', () => answer.headersSent || answer.writeHead(502).end());
      // A stream ends when nobody reads it.
      answer.on('close', () => onward.destroy());
      incoming.pipe(onward);
      return;
    }
    const file =
      path !== '/' && !path.includes('..') && existsSync(dist + path.slice(1))
        ? path.slice(1)
        : 'index.html';
    const packed = /gzip/.test(incoming.headers['accept-encoding'] ?? '');
    answer.writeHead(200, {
      ...(packed && { 'Content-Encoding': 'gzip' }),
      'Content-Type': TYPES[file.split('.').at(-1)] ?? 'application/octet-stream',
      'Content-Security-Policy': policy,
    });
    const read = createReadStream(dist + file);
    (packed ? read.pipe(createGzip()) : read).pipe(answer);
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await serve(
    process.argv[2] ?? 'http://127.0.0.1:8080',
    Number(process.argv[3] ?? 5180),
  );
  console.info(`http://127.0.0.1:${server.address().port}/`);
}
