// The usual house: nginx ends TLS and passes webhooks and the tunnel's WebSocket to the relay, on one port, configured as
// creel-relay(8) says. Then a burst from wrk, and uploads by curl.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { startFront } from './lib/fronts.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, requestBytes, send } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';

const sha = (b) => `${b.length} ${createHash('sha256').update(b).digest('hex')}`;

describe('behind nginx', () => {
	let w, app, relay, nginx, front, port, certificate, client;
	before(async () => {
		w = new World();
		certificate = makeCertificate(w.dir, 'nginx');
		app = w.keep(await Receiver.start());
		front = await startFront(w, 'nginx', { certificate });
		({ port, relay, process: nginx } = front);
		client = await w.startClient({ relayUrl: `https://localhost:${port}`, target: app.port, name: 'fronted', args: ['--ca', certificate.cert] });
	});
	after(() => w?.close());

	const tlsOptions = () => ({ ca: certificate.pem, servername: 'localhost' });

	it('tunnel and webhooks share nginx’s port; the public URL is the one the relay was told', async () => {
		assert.equal(client.url, `https://localhost:${port}/fronted`);
		const body = randomBytes(2000);
		const answer = await send(port, requestBytes('POST', '/fronted/a%2Fb//c?x', ['Host: localhost', 'X-b: 1', 'X-B: 2', `Content-Length: ${body.length}`], body), { tlsOptions: tlsOptions() });
		assert.equal(answer.status, 200);
		const request = await app.request((r) => r.target === '/a%2Fb//c?x');
		assert.ok(request.body.equals(body));
		assert.deepEqual(request.lines.filter((l) => /^x-b:/i.test(l)), ['X-b: 1', 'X-B: 2']);
	});

	it('an event stream comes through unbuffered', async () => {
		let stream;
		app.answer = (_, socket) => (stream = socket).write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n');
		const s = await Sender.connect(port, { tlsOptions: tlsOptions() });
		await s.write(requestBytes('GET', '/fronted/sse', ['Host: localhost']));
		await waitFor('the first event', () => s.partial.includes('data: 1\n'));
		stream.write('0\r\n\r\n');
		assert.ok((await s.answer()).complete);
		await s.end();
		app.answer = null;
	});

	it('curl -T and --data-binary of 5 MiB, chunked and declared', async () => {
		const body = randomBytes(5 << 20);
		writeFileSync(w.path('upload.bin'), body);
		const curl = (...args) => w.run('curl', ['-sS', '--fail', '--cacert', certificate.cert, '-o', w.path('curl.out'), '-w', '%{http_code}', ...args]);
		for (const [name, ...args] of [
			['/put', '-T', w.path('upload.bin')],
			['/put-chunked', '-T', w.path('upload.bin'), '-H', 'Transfer-Encoding: chunked'],
			['/post', '--data-binary', `@${w.path('upload.bin')}`],
			['/form', '-F', `file=@${w.path('upload.bin')}`],
		]) {
			const r = await curl(...args, `https://localhost:${port}/fronted${name}`);
			assert.equal(r.text, '200', r.err);
			const request = await app.request((q) => q.target === name);
			if (name === '/form') assert.ok(request.body.includes(body.subarray(0, 4096)) && request.body.length > body.length);
			else assert.equal(sha(request.body), sha(body), name);
			const row = await w.recorded((q) => q.target === name && q.state === 'delivered');
			assert.equal(sha(await w.creelOut(['show', String(row.id), '--request', '--body'])), sha(request.body));
		}
	});

	it('curl straight to the relay, with Expect: 100-continue', async () => {
		const r = await w.run('curl', ['-sS', '--fail', '-H', 'Expect: 100-continue', '--data-binary', `@${w.path('upload.bin')}`, `http://127.0.0.1:${relay.port}/fronted/direct`]);
		assert.equal(r.text, 'ok', r.err);
	});

	it('a burst from wrk: every delivery answered 2xx is on record exactly once', async () => {
		// Each request has a number of its own; wrk counts what it got an answer to.
		writeFileSync(w.path('burst.lua'), `
			local n = 0 -- and id, a global that setup() sets
			local threads = {}
			function setup(thread) thread:set("id", #threads); table.insert(threads, thread) end
			function init() bad = 0 end
			function request()
				n = n + 1
				return wrk.format("POST", "/fronted/burst/" .. id .. "/" .. n, { ["Content-Type"] = "application/json" }, string.rep("x", 1024))
			end
			function response(status) if status ~= 200 then bad = bad + 1 end end
			function done(summary)
				local bad = 0
				for _, t in ipairs(threads) do bad = bad + t:get("bad") end
				local e = summary.errors
				io.write(string.format("RESULT %d %d %d\\n", summary.requests, bad, e.connect + e.read + e.write + e.timeout))
			end`);
		const r = await w.run('wrk', ['-t2', '-c32', '-d2s', '-s', w.path('burst.lua'), `http://127.0.0.1:${relay.port}/fronted/burst`], { timeoutMs: 60_000 });
		const [, answered, bad, broken] = /RESULT (\d+) (\d+) (\d+)/.exec(r.text).map(Number);
		assert.ok(answered > 100, r.text);
		assert.equal(bad, 0, r.text);
		assert.equal(broken, 0, r.text);
		// What wrk cut off at its end (at most one a connection) is on record, too: wait until all of it is settled.
		const burst = await waitFor('the record to settle', async () => {
			const rows = (await w.list(1_000_000)).filter((q) => q.target.startsWith('/burst/'));
			return rows.length >= answered && rows.every((q) => q.state === 'delivered') && rows;
		}, 40_000);
		assert.equal(new Set(burst.map((q) => q.event_id)).size, burst.length);
		assert.equal(new Set(burst.map((q) => q.target)).size, burst.length, 'none twice');
		assert.ok(burst.length <= answered + 32, `${burst.length} on record, ${answered} answered`);
		assert.ok(burst.every((q) => q.request_bytes === 1024 && q.attempts === 1));
		const calls = app.requests.filter((q) => q.target.startsWith('/burst/')).map((q) => q.target);
		assert.equal(new Set(calls).size, calls.length, 'the app was called once for each');
		assert.ok(calls.length >= answered);
	});

	it('nginx goes away and comes back: so does the tunnel', async () => {
		await nginx.stop('SIGTERM');
		await waitFor('the client to notice', () => client.events.some((e) => e.type === 'state' && e.state !== 'online'));
		nginx = front.again();
		await waitFor('the tunnel to be back', async () => (await send(relay.port, requestBytes('GET', '/fronted/back', ['Host: localhost']))).status === 200, 40_000);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
