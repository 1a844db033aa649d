// One request in is at most one request out, and nobody gets another's answer: raw requests that two readers of HTTP may read
// differently (tests/fixtures/http-requests.json, lib/malformed.mjs), to the relay alone and through README's proxies before it. What each is
// answered is refusals.test.mjs's matter; here it may be answered or refused, by the proxy or the relay.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { FRONTS, startFront } from './lib/fronts.mjs';
import { World, root, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, field, requestBytes } from './lib/http.mjs';
import { malformed } from './lib/malformed.mjs';
import { makeCertificate } from './lib/tls.mjs';

const requests = JSON.parse(readFileSync(path.join(root, 'tests/fixtures/http-requests.json'), 'utf8')).requests
	.map(({ name, requests: most, bytes }) => ({ name, most, bytes: Buffer.from(bytes, 'base64') }))
	.concat(Object.entries(malformed('t').bad).map(([name, text]) => ({ name, most: 0, bytes: Buffer.from(text, 'latin1') })));
const PATIENCE_MS = 2500; // longer than the relay waits for the rest of a head or body

describe('requests that may be read in two ways', { concurrency: 3 }, () => {
	for (const name of [null, 'nginx', 'haproxy', 'Caddy', 'haproxy that passes bytes on']) {
		it(`one request in, at most one request out: ${name ? `behind ${name}` : 'the relay alone'}`, async () => {
			const w = new World();
			try {
				const certificate = makeCertificate(w.dir, 'smuggling');
				const app = w.keep(await Receiver.start({
					answer: (request, socket) => {
						const body = `${field(request.lines, 'X-Innocent') ?? 'somebody'} sent ${request.body.length} bytes`;
						socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${request.method === 'HEAD' ? '' : body}`);
					},
				}));
				const relayArgs = ['--header-timeout', '1s', '--body-timeout', '1s'];
				const front = name ? await startFront(w, name, { certificate, relayArgs }) : { relay: await w.startRelay({ args: relayArgs }) };
				const port = front.port ?? front.relay.port;
				const tlsOptions = name ? { ca: certificate.pem, servername: 'localhost' } : undefined;
				await w.startClient({ relayUrl: name ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, target: app.port, name: 't', args: name ? ['--ca', certificate.cert] : [] });

				const calls = () => app.requests.filter((r) => !field(r.lines, 'X-Innocent')).length;
				const all = [];
				const mends = name && !FRONTS[name].relayHasTls;
				for (const [i, request] of requests.entries()) {
					const before = calls();
					const seen = { text: '' };
					const socket = tlsOptions ? tls.connect({ port, host: '127.0.0.1', ...tlsOptions }) : net.connect(port, '127.0.0.1');
					socket.on('data', (piece) => (seen.text += piece.toString('latin1'))).on('error', () => {}).on('close', () => (seen.closed = true));
					seen.answered = () => seen.text.match(/HTTP\/1\.[01] 200 /g)?.length ?? 0;
					socket.write(request.bytes);
					all.push([seen, socket]);
					const end = Date.now() + PATIENCE_MS;
					await waitFor(`an end of ${request.name}`, () => seen.closed || seen.text.includes('\r\n\r\n') || Date.now() > end);
					// Two on one connection: the proxy's to the relay may be one that it used before.
					const innocent = await Sender.connect(port, { tlsOptions });
					for (const [n, body] of ['a'.repeat(i), 'b'.repeat(200 + i)].entries()) {
						innocent.write(requestBytes('POST', '/t/innocent', ['Host: localhost', `X-Innocent: ${i}-${n}`, `Content-Length: ${body.length}`], body));
						const answer = await innocent.answer();
						assert.equal(answer?.status, 200, `an innocent one after ${request.name}: ${answer?.text}`);
						assert.equal(answer.text, `${i}-${n} sent ${body.length} bytes`, `another's answer after ${request.name}`);
					}
					await innocent.end();
					await waitFor(() => `${request.name}: ${calls() - before} at the app, ${seen.answered()} answered: ${seen.text}`, () => calls() - before <= seen.answered());
				// Where a proxy mends what it reads, it says how many there are.
				const most = mends ? Infinity : request.most;
				assert.ok(calls() - before <= most, `${request.name}: ${calls() - before} requests at the app, not ${most} at most`);
				}
				// What came late.
				const answered = all.reduce((sum, [seen]) => sum + seen.answered(), 0);
				assert.ok(calls() <= answered, `${calls()} at the app, ${answered} answered`);
				for (const [, socket] of all) socket.destroy();
				assert.ok(calls() > 10, 'not all were refused');
				await w.endsCleanly();
			} finally {
				await w.close();
			}
		});
	}
});
